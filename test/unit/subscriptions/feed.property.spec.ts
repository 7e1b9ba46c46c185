import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/gossip/bundles/message.js';
import type { StreamId } from '../../../src/gossip/bundles/stream.js';
import { Feed } from '../../../src/subscriptions/feed.js';
import { RETAINED, type StartingPoint } from '../../../src/subscriptions/starting-point.js';
import { begin, testStream, WrittenLog } from './written-log.js';

const streams = [1, 2, 3].map((epoch) => testStream('chat', epoch));

type Step =
  | { type: 'publish'; stream: number; count: number }
  | { type: 'take'; limit: number }
  | { type: 'retain'; stream: number; share: number }
  | { type: 'resume'; isCursor: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('publish' as const),
        stream: fc.nat(2),
        count: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('retain' as const),
        stream: fc.nat(2),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('resume' as const), isCursor: fc.boolean() }) },
  ),
  { maxLength: 60 },
);

/** A reader that checks every step of what it is given. */
class Reader {
  readonly #log: WrittenLog;
  readonly #next = new Map<StreamId, number>();
  #feed: Feed;

  constructor(log: WrittenLog) {
    this.#log = log;
    this.#feed = this.#begin(RETAINED);
  }

  offer(messages: readonly Message[]): void {
    expect(this.#feed.offer(messages, messages.length)).toBe('taken');
  }

  take(limit: number): boolean {
    const next = this.#feed.take(limit);
    if (next === undefined) return this.#feed.hasMore;
    if ('gap' in next) this.#has(next.gap.stream.id, next.gap.from, next.gap.to);
    else for (const { stream, seq } of next.messages) this.#has(stream.id, seq, seq);
    return true;
  }

  resume(isCursor: boolean): void {
    const cursor = isCursor
      ? this.#feed.cursor(0)
      : { sinceMs: 0, streams: new Map([...this.#next].map(([stream, seq]) => [stream, seq - 1])) };
    this.#feed = this.#begin({ from: 'cursor', cursor, isToken: false });
  }

  nextOf(stream: StreamId): number {
    return this.#next.get(stream) ?? 1;
  }

  #begin(point: StartingPoint): Feed {
    const feed = new Feed(this.#log, { messagesMax: 4, bytesMax: 1_000, whenFull: 'reread', isUnwanted: () => false });
    begin(feed, 'chat', point);
    return feed;
  }

  #has(stream: StreamId, from: number, to: number): void {
    expect(from).toBe(this.nextOf(stream));
    this.#next.set(stream, to + 1);
    this.#feed.given(stream, to);
  }
}

describe('a feed', () => {
  it('gives or tells every message once and in order, however it is read, overflows, is resumed or loses to retention', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const log = new WrittenLog(3);
        const reader = new Reader(log);
        const written = [0, 0, 0];
        for (const step of sequence) {
          if (step.type === 'publish') {
            const stream = streams[step.stream]!;
            written[step.stream]! += step.count;
            reader.offer(Array.from({ length: step.count }, () => log.write(stream)));
          } else if (step.type === 'take') {
            reader.take(step.limit);
          } else if (step.type === 'resume') {
            reader.resume(step.isCursor);
          } else {
            // Only what the reader has touched: what is dropped before a reader knows of the stream is no loss to it.
            const stream = streams[step.stream]!;
            if (reader.nextOf(stream.id) > 1) log.dropThrough(stream, Math.floor(written[step.stream]! * step.share));
          }
        }
        while (reader.take(10));
        expect(streams.map(({ id }) => reader.nextOf(id) - 1)).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });
});
