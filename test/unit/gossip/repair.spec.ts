import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipOutput } from '../../../src/gossip/dissemination/gossip-protocol.js';
import {
  CLAIM_GRACE_MS,
  FAILED_RETRY_MS,
  GAP_WAIT_MS,
  NEEDS_MAX,
  PULL_TIMEOUT_MS,
  Repair,
} from '../../../src/gossip/dissemination/repair.js';
import { StreamTable, type StreamState } from '../../../src/gossip/dissemination/stream-table.js';
import { bundleAt, nodeId, streamBy, type TestBundle } from './arbitraries.js';
import { TestDirectory } from './test-directory.js';

const [SELF, A, B, C] = [1, 2, 3, 4].map(nodeId) as [string, string, string, string];

describe('repair', () => {
  let links: Set<string>;
  let outputs: GossipOutput<TestBundle>[];
  let givenUp: number[];
  let asked: string[];
  let isWanted: boolean;
  let directory: TestDirectory;
  let repair: Repair<TestBundle>;
  let state: StreamState<TestBundle>;

  beforeEach(() => {
    links = new Set([A, B, C]);
    outputs = [];
    givenUp = [];
    asked = [];
    isWanted = true;
    directory = new TestDirectory([SELF, A, B, C]);
    repair = new Repair<TestBundle>(SELF, links, directory, {
      emit: (output) => outputs.push(output),
      giveUp: (which, to) => {
        givenUp.push(to);
        which.window.jump(to);
      },
      giveUpHistory: () => undefined,
      askAll: (topic) => asked.push(topic),
      isWanted: () => isWanted,
    });
    state = new StreamTable<TestBundle>().add(streamBy(A), { floor: 0, frontier: 0 }, 0);
  });

  const claim = (peer: string, floor: number, frontier: number, isUrgent = true) => ({
    peer,
    floor,
    frontier,
    isUrgent,
  });
  const pulls = () =>
    outputs.flatMap((output) =>
      output.type === 'send' && output.frame.type === 'pull'
        ? [{ peer: output.peer, after: output.frame.after, to: output.frame.to }]
        : [],
    );
  const pulled = (upTo: number, floor = 0, isBusy = false) =>
    ({ type: 'pulled', stream: state.stream.id, upTo, floor, isBusy }) as const;
  const receive = (firstSeq: number, lastSeq: number, peer: string, nowMs: number) => {
    state.window.offer(bundleAt(state.stream, firstSeq, lastSeq));
    while (state.window.takeNext() !== undefined);
    repair.progressed(state, peer, nowMs);
  };
  /** A holder that was asked for what lies behind its floor brings it. */
  const findBehind = (peer: string, floor: number, nowMs: number) => {
    expect(pulls()).toEqual([{ peer, after: floor, to: 10 }]);
    expect(givenUp).toEqual([]);
    receive(floor + 1, 10, peer, nowMs);
    repair.pulled(peer, pulled(10, floor), nowMs);
    repair.tick(nowMs);
  };

  it('leaves what was claimed time to arrive by itself', () => {
    repair.claimed(state, claim(A, 0, 5, false), 0);
    repair.tick(CLAIM_GRACE_MS - 1);
    receive(1, 5, A, CLAIM_GRACE_MS - 1);
    repair.tick(CLAIM_GRACE_MS);
    expect(pulls()).toEqual([]);
    expect(repair.needs).toBe(0);
  });

  it('tells no gap in a topic that nobody wants here: peers do not say what they hold of it', () => {
    state.window.offer(bundleAt(state.stream, 5, 6));
    repair.claimed(state, claim(A, 0, 4), 0);
    links.delete(A);
    repair.linkDown(A, 10);
    isWanted = false;
    for (let nowMs = 20; nowMs <= 2 * GAP_WAIT_MS.absent; nowMs += 1_000) repair.tick(nowMs);
    expect(givenUp).toEqual([]);
    expect(repair.needs).toBe(0);
  });

  it('does not wait for what nobody has any more, unless its publisher says that there was more', () => {
    repair.claimed(state, claim(B, 10, 10), 0);
    expect(repair.needs).toBe(0);
    receive(1, 2, A, 0);
    repair.claimed(state, claim(B, 0, 10), 0);
    repair.claimed(state, claim(C, 0, 2), 0);
    repair.pulled(B, pulled(2, 10), 10);
    for (let nowMs = 20; nowMs <= 2 * GAP_WAIT_MS.holders; nowMs += 50) repair.tick(nowMs);
    expect(repair.needs).toBe(0);
    expect(givenUp).toEqual([]);
    repair.claimed(state, claim(A, 10, 10), 10_000);
    for (let nowMs = 10_000; nowMs <= 10_100 + GAP_WAIT_MS.publisher; nowMs += 50) repair.tick(nowMs);
    expect(givenUp).toEqual([10]);
  });

  it('pulls from one holder at a time until all that was claimed is here', () => {
    repair.claimed(state, claim(A, 0, 10), 0);
    repair.claimed(state, claim(B, 0, 10), 0);
    receive(1, 4, A, 10);
    repair.pulled(A, pulled(4), 10);
    receive(5, 10, A, 20);
    repair.pulled(A, pulled(10), 20);
    expect(pulls()).toEqual([
      { peer: A, after: 0, to: 10 },
      { peer: A, after: 4, to: 10 },
    ]);
    expect(repair.needs).toBe(0);
  });

  it('goes to another holder when one vanishes, is silent, is busy or brings nothing', () => {
    repair.claimed(state, claim(A, 0, 10), 0);
    repair.claimed(state, claim(B, 0, 10), 0);
    links.delete(A);
    repair.linkDown(A, 10);
    repair.claimed(state, claim(C, 0, 10), 10);
    repair.tick(10 + PULL_TIMEOUT_MS);
    repair.pulled(C, pulled(0), 2_100);
    repair.tick(2_500);
    repair.tick(10 + PULL_TIMEOUT_MS + FAILED_RETRY_MS.min);
    repair.pulled(B, pulled(0, 0, true), 2_520);
    expect(pulls().map(({ peer }) => peer)).toEqual([A, B, C, B]);
    links.delete(C);
    repair.linkDown(C, 2_530);
    repair.tick(2_700);
    expect(pulls()).toHaveLength(4);
    repair.tick(2_800);
    expect(pulls().map(({ peer }) => peer)).toEqual([A, B, C, B, B]);
  });

  it('pulls only up to what is waiting already', () => {
    state.window.offer(bundleAt(state.stream, 8, 9));
    repair.claimed(state, claim(A, 0, 20), 0);
    expect(pulls()).toEqual([{ peer: A, after: 0, to: 7 }]);
  });

  it('gives up what the publisher itself no longer has, after asking everybody', () => {
    repair.claimed(state, claim(A, 4, 10), 0);
    repair.tick(0);
    expect(asked).toEqual(['chat']);
    repair.tick(GAP_WAIT_MS.publisher - 1);
    expect(givenUp).toEqual([]);
    repair.tick(GAP_WAIT_MS.publisher);
    expect(givenUp).toEqual([4]);
    repair.tick(GAP_WAIT_MS.publisher);
    expect(pulls()).toEqual([{ peer: A, after: 4, to: 10 }]);
  });

  it('gives up what no node that lives still has, though it wants it itself', () => {
    links.delete(A);
    directory.setState(A, 'left');
    directory.want(SELF, 'chat', 1);
    repair.claimed(state, claim(B, 4, 10), 0);
    repair.tick(0);
    repair.tick(GAP_WAIT_MS.holders);
    findBehind(B, 4, GAP_WAIT_MS.holders);
    expect(givenUp).toEqual([4]);
  });

  it('waits longer for a publisher that is out of reach', () => {
    links.delete(A);
    directory.setState(A, 'dead');
    repair.claimed(state, claim(B, 4, 10), 0);
    repair.tick(0);
    repair.tick(GAP_WAIT_MS.holders);
    expect(givenUp).toEqual([]);
    repair.tick(GAP_WAIT_MS.absent);
    findBehind(B, 4, GAP_WAIT_MS.absent);
    expect(givenUp).toEqual([4]);
  });

  it('does not give up while a holder with a lower floor turns up in time', () => {
    repair.claimed(state, claim(A, 4, 10), 0);
    repair.tick(0);
    repair.claimed(state, claim(B, 0, 10), 500);
    repair.tick(5_000);
    expect(givenUp).toEqual([]);
    expect(pulls()[0]).toEqual({ peer: B, after: 0, to: 10 });
  });

  it('asks ever more seldom for what a holder brings in vain, whatever it claims', () => {
    for (let nowMs = 0; nowMs < 60_000; nowMs += 50) {
      if (nowMs % 1_000 === 0) repair.claimed(state, claim(A, 0, 10), nowMs);
      repair.tick(nowMs);
      repair.pulled(A, pulled(0), nowMs);
    }
    expect(pulls().length).toBeLessThan(9);
    expect(givenUp).toEqual([]);
  });

  it('looks behind what a holder brings in vain, and gives that up when something is there', () => {
    repair.claimed(state, claim(A, 0, 10), 0);
    repair.pulled(A, pulled(2), 0);
    repair.tick(FAILED_RETRY_MS.min);
    expect(pulls().at(-1)).toEqual({ peer: A, after: 2, to: 10 });
    receive(3, 4, A, 500);
    repair.pulled(A, pulled(4), 500);
    for (let nowMs = 500; nowMs < 2_000 + GAP_WAIT_MS.holders; nowMs += 50) {
      repair.tick(nowMs);
      repair.pulled(A, pulled(2), nowMs);
    }
    expect(givenUp).toEqual([2]);
  });

  it('does not give up what a holder brings in vain while another one has it', () => {
    state.window.offer(bundleAt(state.stream, 3, 4));
    repair.claimed(state, claim(B, 0, 10), 0);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 50) {
      if (nowMs === 2_500) repair.claimed(state, claim(C, 0, 10), nowMs);
      repair.tick(nowMs);
      repair.pulled(B, pulled(2), nowMs);
      repair.pulled(C, pulled(0, 0, true), nowMs);
    }
    expect(givenUp).toEqual([]);
  });

  it('never jumps to where somebody claims to begin, unless something verified is there', () => {
    repair.claimed(state, claim(B, 1_000_000, 1_000_001), 0);
    for (let nowMs = 0; nowMs < GAP_WAIT_MS.absent + 20_000; nowMs += 50) {
      repair.tick(nowMs);
      repair.pulled(B, pulled(1_000_000, 1_000_000), nowMs);
    }
    expect(givenUp).toEqual([]);
    repair.claimed(state, claim(A, 0, 5), 100_000);
    expect(pulls().at(-1)).toMatchObject({ peer: A, after: 0 });
  });

  it('repairs a bounded number of streams at a time', () => {
    const table = new StreamTable<TestBundle>();
    for (let epoch = 1; epoch <= NEEDS_MAX + 5; epoch++) {
      const other = table.add(streamBy(A, 'chat', epoch), { floor: 0, frontier: 0 }, 0);
      repair.claimed(other, claim(A, 0, 1, false), 0);
    }
    expect(repair.needs).toBe(NEEDS_MAX);
  });
});
