import { describe, expect, it } from 'vitest';
import { UNLOGGED_PAUSE_MS } from '../../../src/gossip/reception.js';
import { bundleAt, nodeId, streamBy } from './arbitraries.js';
import { CoreRig } from './core-rig.js';

const [SELF, P] = [0, 1].map(nodeId) as [string, string];
const STREAM = streamBy(P);
const DIGEST = Buffer.alloc(8).toString('base64url');

const extents = (claim: { start: number; floor: number; frontier: number }, { publisher } = { publisher: P }) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: DIGEST,
    isLast: true,
    streams: [{ publisher, epoch: 1, ...claim }],
  }) as const;

describe('acks of the gossip core', () => {
  it('begin where the stream was taken in', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 1, floor: 0, frontier: 1 }));
    rig.received(P, bundleAt(STREAM, 2));
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 2 }] });
    const acks = rig.framesTo(P, 'ack').flatMap(({ entries }) => entries);
    expect(acks.filter(({ stream }) => stream === STREAM.id)).toEqual([
      { stream: STREAM.id, start: 1, frontier: 1 },
      { stream: STREAM.id, start: 1, frontier: 2 },
    ]);
  });

  it('leave out what was given up', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.received(P, bundleAt(STREAM, 1), { start: 0 });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 1 }] });
    rig.frame(P, extents({ start: 4, floor: 4, frontier: 5 }));
    rig.run(5_000);
    expect(rig.all('gap').map(({ gap }) => [gap.from, gap.to])).toEqual([[2, 4]]);
    rig.received(P, bundleAt(STREAM, 5), { isRepair: true });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 5 }] });
    expect(rig.framesTo(P, 'ack').at(-1)?.entries).toEqual([{ stream: STREAM.id, start: 4, frontier: 5 }]);
  });
});

describe('a log that takes no more', () => {
  const setUp = () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 5, floor: 0, frontier: 6 }));
    rig.received(P, bundleAt(STREAM, 4, 6), { isRepair: true });
    rig.frame(P, { type: 'pulled', stream: STREAM.id, upTo: 6, floor: 0, isBusy: false });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 6 }] });
    rig.received(P, bundleAt(STREAM, 7, 8));
    rig.received(P, bundleAt(STREAM, 9));
    return rig;
  };
  const answer = (rig: CoreRig) => {
    rig.frame(P, extents({ start: 5, floor: 0, frontier: 9 }));
    rig.run(UNLOGGED_PAUSE_MS - 1);
  };

  it('gets again what it lacks, after a pause, and subscribers get nothing twice', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    expect(rig.core.isKnown(STREAM.id, 7, 8)).toBe(false);
    expect(rig.framesTo(P, 'extentsRequest').at(-1)).toMatchObject({ topics: ['chat'] });
    answer(rig);
    expect(rig.framesTo(P, 'pull')).toHaveLength(1);
    rig.run(60);
    expect(rig.framesTo(P, 'pull').slice(1)).toMatchObject([{ after: 6, to: 9 }]);
    for (const bundle of [bundleAt(STREAM, 7, 8), bundleAt(STREAM, 9, 10)]) rig.received(P, bundle, { isRepair: true });
    expect(rig.all('release').map(({ bundle, fromSeq }) => [bundle.lastSeq, fromSeq])).toEqual([
      [6, 6],
      [8, 7],
      [9, 9],
      [8, 9],
      [10, 10],
    ]);
  });

  it('is not acknowledged for', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    rig.handle({ type: 'linkUp', peer: P });
    expect(rig.framesTo(P, 'ack').at(-1)?.entries).toEqual([{ stream: STREAM.id, start: 5, frontier: 6 }]);
  });

  it('begins where the stream began when it has forgotten it', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: undefined });
    answer(rig);
    rig.run(60);
    expect(rig.framesTo(P, 'pull').slice(1)).toMatchObject([{ after: 5, to: 9 }]);
    rig.received(P, bundleAt(STREAM, 4, 6), { isRepair: true });
    expect(rig.all('release').at(-1)).toMatchObject({ fromSeq: 7, floor: 5 });
  });

  it('is told again of a gap that it did not note', () => {
    const rig = setUp();
    rig.frame(P, extents({ start: 20, floor: 20, frontier: 25 }));
    rig.run(3_000);
    rig.received(P, bundleAt(STREAM, 21), { isRepair: true });
    const told = rig.all('extent').length;
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 9 });
    expect(rig.all('extent').slice(told)).toMatchObject([{ floor: 20, frontier: 20 }]);
    expect(rig.all('gap')).toHaveLength(1);
  });
});
