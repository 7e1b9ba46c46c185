import { SchedulerRegistry } from '@nestjs/schedule';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Message, StreamPart } from '../../../src/gossip/bundles/message.js';
import type { Stream, StreamId } from '../../../src/gossip/bundles/stream.js';
import type { GossipService } from '../../../src/gossip/gossip.service.js';
import type { StreamExtent } from '../../../src/gossip/store/bundle-store.js';
import type { PeersService } from '../../../src/peers/peers.service.js';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import { Deadlines } from '../../../src/runtime/deadlines.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';
import { LEARNED_MESSAGES_MAX, RepeatsService } from '../../../src/subscriptions/repeats.service.js';
import { messageAt, testStream } from './written-log.js';

const [here, there, elsewhere] = [1, 2, 3].map((epoch) => testStream('chat', epoch)) as [Stream, Stream, Stream];
const keyed = (stream: Stream, seq: number): Message => messageAt(stream, seq, { idempotencyKey: 'k' });
const PATIENT = { timeoutMs: 600_000, isWanted: () => true };

/** A log of long streams, of which only the messages with a key are written. */
class LongLog {
  readonly #streams = new Map<StreamId, { stream: Stream; frontier: number; keyed: readonly Message[] }>();
  reads = 0;
  pageMessages = LEARNED_MESSAGES_MAX;
  /** What is read next cannot be opened. */
  isLocked = false;

  add(stream: Stream, frontier: number, ...seqs: number[]): void {
    this.#streams.set(stream.id, { stream, frontier, keyed: seqs.map((seq) => keyed(stream, seq)) });
  }

  extentsOf(topic: string): StreamExtent[] {
    const matching = [...this.#streams.values()].filter(({ stream }) => stream.topic === topic);
    return matching.map(({ stream, frontier }) => ({ stream, floor: 0, frontier, changedAtMs: Date.now() }));
  }

  seqBefore(): number {
    return 0;
  }

  readStream(id: StreamId, from: number): StreamPart {
    this.reads++;
    const held = this.#streams.get(id)!;
    if (this.isLocked) return { messages: [], nextSeq: from, awaitedKey: 'k' };
    const nextSeq = Math.min(held.frontier + 1, from + this.pageMessages);
    return { messages: held.keyed.filter(({ seq }) => seq >= from && seq < nextSeq), nextSeq };
  }
}

/** Each look takes as long as a slice, so others have their turn after each. */
class SlowClock extends SystemClock {
  #nowMs = 0;

  override monotonicMs(): number {
    return (this.#nowMs += 8);
  }
}

describe('the repeats that a node learns from its log', () => {
  let log: LongLog;
  let repeats: RepeatsService;
  const isKnown = (): boolean => repeats.isRepeat(keyed(elsewhere, 1), () => true);

  beforeEach(() => {
    const alarms = new Alarms(new SchedulerRegistry(), new SystemClock());
    const peers = { localTimeOf: (_: string, ms: number) => ms } as unknown as PeersService;
    log = new LongLog();
    repeats = new RepeatsService(
      log as unknown as GossipService,
      peers,
      new SlowClock(),
      new Deadlines(alarms, new SystemClock()),
    );
    return () => alarms.onApplicationShutdown();
  });

  it('are none of a message that was expired when it came in: nobody was given it', () => {
    const ofElsewhere = keyed(elsewhere, 1);
    repeats.live([keyed(here, 1), keyed(here, 2)], () => true);
    expect(repeats.isRepeat(ofElsewhere, () => true)).toBe(false);
    repeats.live([keyed(there, 1)], () => false);
    expect(repeats.isRepeat(ofElsewhere, () => true)).toBe(true);
  });

  it('are those of all streams that match', async () => {
    log.add(here, 9);
    log.add(there, 9, 3);
    await repeats.learn('chat', PATIENT);
    expect(isKnown()).toBe(true);
  });

  it('are found for the next reader in a stream that was left out, as others were long', async () => {
    log.add(here, LEARNED_MESSAGES_MAX);
    log.add(there, 9, 3);
    await repeats.learn('chat', PATIENT);
    await repeats.learn('chat', PATIENT);
    expect(isKnown()).toBe(true);
  });

  it('are found for the next reader in the part of a long stream that was left out', async () => {
    log.add(here, LEARNED_MESSAGES_MAX + 9, 3);
    await repeats.learn('chat', PATIENT);
    await repeats.learn('chat', PATIENT);
    expect(isKnown()).toBe(true);
  });

  it('are not waited for longer than the reader says', async () => {
    log.pageMessages = 1;
    log.add(here, LEARNED_MESSAGES_MAX);
    let isWanted = true;
    await repeats.learn('chat', { timeoutMs: 1, isWanted: () => isWanted });
    expect(log.reads).toBeLessThan(LEARNED_MESSAGES_MAX);
    isWanted = false;
    await repeats.learn('chat', PATIENT);
  });

  it('are not looked for when nobody wants them any more', async () => {
    log.add(here, 9, 3);
    await repeats.learn('chat', { timeoutMs: 600_000, isWanted: () => false });
    expect(log.reads).toBe(0);
  });

  it('are looked for once for all readers that wait', async () => {
    log.add(here, 9);
    log.isLocked = true;
    await Promise.all([1, 2, 3].map(() => repeats.learn('chat', PATIENT)));
    expect(log.reads).toBe(1);
  });

  it('keep nobody waiting for those of other topics once they are known', async () => {
    log.add(here, 9);
    await repeats.learn('chat', PATIENT);
    log.pageMessages = 1;
    log.add(testStream('long'), LEARNED_MESSAGES_MAX);
    let isWanted = true;
    const long = repeats.learn('long', { timeoutMs: 600_000, isWanted: () => isWanted });
    await repeats.learn('chat', PATIENT);
    expect(log.reads).toBeLessThan(LEARNED_MESSAGES_MAX);
    isWanted = false;
    await long;
  });
});
