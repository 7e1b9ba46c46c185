import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/gossip/bundles/message.js';
import type { Stream, StreamId } from '../../../src/gossip/bundles/stream.js';
import {
  PAGE_BYTES_MAX,
  readPage,
  type ArrivalLog,
  type MessagePage,
  type PageRequest,
} from '../../../src/subscriptions/message-page.js';
import { RepeatFilter } from '../../../src/subscriptions/repeat-filter.js';
import { readStartingPoint } from '../../../src/subscriptions/starting-point.js';
import { finish, messageAt, testStream } from './written-log.js';

const [here, there] = [testStream('chat', 1), testStream('chat', 2)];

/** Messages of a topic as one node has them: bundles in order of arrival. */
class Arrivals {
  readonly #bundles: Message[][] = [];
  opened = 0;
  /** Bundles without a key, by arrival. */
  readonly locked = new Map<number, 'awaited' | 'lost'>();

  constructor(private readonly store: string) {}

  add(bundle: Message[]): this {
    this.#bundles.push(bundle);
    return this;
  }

  page(
    after: string | undefined,
    limit: number,
    {
      isUnwanted = () => false,
      isPatient = () => false,
      startOf = () => 0,
    }: Partial<PageRequest & Pick<ArrivalLog, 'startOf'>> = {},
  ): MessagePage {
    const point = readStartingPoint(after);
    if (!point.ok) throw new Error(point.reason);
    const log: ArrivalLog = {
      store: Buffer.from(this.store.padEnd(6)).toString('base64url'),
      read: (fromArrival) => this.#read(fromArrival),
      passOld: (fromArrival, isOld) => this.#passOld(fromArrival, isOld),
      arrivalOf: (stream, seq) => this.#arrivalOf(stream, seq),
      startOf,
    };
    return finish(readPage(log, { point: point.value, limit, isUnwanted, isPatient }));
  }

  #arrivalOf(stream: StreamId, seq: number): number | undefined {
    const at = this.#bundles.findIndex((bundle) =>
      bundle.some((message) => message.stream.id === stream && message.seq === seq),
    );
    return at === -1 ? undefined : at + 1;
  }

  /** One bundle at a time, which is the least that a reader may be given. */
  #read(fromArrival: number): ReturnType<ArrivalLog['read']> {
    const arrival = Math.max(1, fromArrival);
    const messages = this.#bundles[arrival - 1];
    if (messages === undefined) return [];
    this.opened++;
    const { stream, seq: firstSeq } = messages[0]!;
    const opened = this.locked.get(arrival) ?? messages;
    return [{ stream, firstSeq, lastSeq: messages.at(-1)!.seq, arrival, opened }];
  }

  /** The same. */
  #passOld(...[fromArrival, isOld]: Parameters<ArrivalLog['passOld']>): ReturnType<ArrivalLog['passOld']> {
    const arrival = Math.max(1, fromArrival);
    const last = this.#bundles[arrival - 1]?.at(-1);
    return last === undefined ? undefined : { arrival, isPassed: isOld(last.stream.id, last.seq) };
  }
}

const bundle = (stream: typeof here, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => messageAt(stream, from + index));
const names = ({ items }: MessagePage) =>
  items.map(({ stream, seq }) => `${stream === here ? 'here' : 'there'} ${seq}`);

describe('a page of messages', () => {
  it('begins with the first that is held and goes on in the order of arrival', () => {
    const held = new Arrivals('A').add(bundle(there, 1, 2)).add(bundle(here, 1, 3));
    const first = held.page(undefined, 3);
    expect(names(first)).toEqual(['there 1', 'there 2', 'here 1']);
    const second = held.page(first.next, 3);
    expect(names(second)).toEqual(['here 2', 'here 3']);
    expect(names(held.page(second.next, 3))).toEqual([]);
  });

  it('has a next cursor at its end that finds what comes later', () => {
    const held = new Arrivals('A');
    const empty = held.page(undefined, 10);
    held.add(bundle(here, 1, 1));
    const first = held.page(empty.next, 10);
    expect(names(first)).toEqual(['here 1']);
    held.add(bundle(here, 2, 2));
    expect(names(held.page(first.next, 10))).toEqual(['here 2']);
  });

  it('finds history that arrived after younger messages of its stream', () => {
    const held = new Arrivals('A').add(bundle(here, 4, 5));
    const { next } = held.page(undefined, 10);
    held.add(bundle(here, 1, 3));
    expect(names(held.page(next, 10))).toEqual(['here 1', 'here 2', 'here 3']);
  });

  it('goes on at another node, whatever the order of arrival there', () => {
    const one = new Arrivals('A').add(bundle(here, 1, 4)).add(bundle(there, 1, 2));
    const other = new Arrivals('B').add(bundle(there, 1, 2)).add(bundle(here, 1, 4));
    const { next } = one.page(undefined, 3);
    const rest = other.page(next, 10);
    expect(names(rest)).toEqual(['there 1', 'there 2', 'here 4']);
    expect(names(one.page(rest.next, 10))).toEqual([]);
  });

  it('opens nothing of what the reader of another node has already', () => {
    const one = new Arrivals('A').add(bundle(here, 1, 2)).add(bundle(here, 3, 4));
    const other = new Arrivals('B')
      .add(bundle(here, 1, 2))
      .add(bundle(here, 3, 4))
      .add(bundle(here, 5, 6));
    const { next } = one.page(undefined, 10);
    expect(names(other.page(next, 10))).toEqual(['here 5', 'here 6']);
    expect(other.opened).toBe(1);
    const { next: atEnd } = new Arrivals('C').add(bundle(here, 1, 6)).page(undefined, 10);
    const end = other.page(atEnd, 10);
    expect(names(end)).toEqual([]);
    other.add(bundle(here, 7, 7));
    expect(names(other.page(end.next, 10))).toEqual(['here 7']);
  });

  it('has no more payload than a bound, and goes on behind it', () => {
    const large = (seq: number) => messageAt(here, seq, { payload: Buffer.alloc(PAGE_BYTES_MAX / 2 - 10) });
    const held = new Arrivals('A').add([large(1), large(2), large(3)]);
    const page = held.page(undefined, 10);
    expect(names(page)).toEqual(['here 1', 'here 2']);
    expect(names(held.page(page.next, 10))).toEqual(['here 3']);
  });

  it('leaves out what is not wanted, and passes it', () => {
    const held = new Arrivals('A').add(bundle(here, 1, 4));
    const isUnwanted = ({ seq }: Message): boolean => seq <= 3;
    const page = held.page(undefined, 1, { isUnwanted });
    expect(names(page)).toEqual(['here 4']);
    expect(names(held.page(page.next, 1))).toEqual([]);
  });

  it('gives one copy of what is repeated under a key, also when older messages of a stream arrived late', () => {
    const keyed = (stream: Stream, seq: number) => messageAt(stream, seq, { idempotencyKey: 'k' });
    const held = new Arrivals('A')
      .add([messageAt(here, 9)])
      .add([keyed(there, 1)])
      .add([keyed(here, 8)]);
    const filter = new RepeatFilter(() => 0);
    filter.note([keyed(here, 8), keyed(there, 1)], 0);
    const isUnwanted: PageRequest['isUnwanted'] = (message, has) => filter.isRepeat(message, has, 0);
    expect(names(held.page(undefined, 9, { isUnwanted }))).toEqual(['here 9', 'there 1']);
    const page = held.page(undefined, 1, { isUnwanted });
    expect(names(held.page(page.next, 9, { isUnwanted }))).toEqual(['there 1']);
    const elsewhere = new Arrivals('B').add([keyed(here, 8), messageAt(here, 9)]).page(undefined, 9);
    expect(names(held.page(elsewhere.next, 9, { isUnwanted }))).toEqual([]);
  });

  it('begins a stream that the cursor does not name where the reader began', () => {
    const held = new Arrivals('B').add(bundle(here, 1, 4));
    const { next } = new Arrivals('A').page(undefined, 1);
    const since = Buffer.from(next, 'base64url');
    since.writeUIntBE(500, 1, 6);
    const startOf = (_: StreamId, sinceMs: number): number => (sinceMs === 500 ? 2 : 0);
    expect(names(held.page(since.toString('base64url'), 10, { startOf }))).toEqual(['here 3', 'here 4']);
  });

  it('tells a gap where a key is not to be had, and goes on behind it', () => {
    const held = new Arrivals('A')
      .add(bundle(here, 1, 2))
      .add(bundle(there, 1, 3))
      .add(bundle(here, 3, 3));
    held.locked.set(2, 'lost');
    const page = held.page(undefined, 10);
    expect(names(page)).toEqual(['here 1', 'here 2', 'here 3']);
    expect(page.gaps).toEqual([{ stream: there, from: 1, to: 3, reason: 'key' }]);
    expect(held.page(page.next, 10)).toMatchObject({ items: [], gaps: [] });
  });

  it('waits for a key at its beginning, and ends before one that is awaited', () => {
    const held = new Arrivals('A')
      .add(bundle(there, 1, 1))
      .add(bundle(here, 1, 1))
      .add(bundle(there, 2, 2));
    held.locked.set(1, 'awaited').set(3, 'awaited');
    let steps = 0;
    const isPatient = (): boolean => {
      if (steps++ === 3) held.locked.delete(1);
      return steps < 10;
    };
    const first = held.page(undefined, 10, { isPatient });
    expect([names(first), first.gaps]).toEqual([['there 1', 'here 1'], []]);
    const last = held.page(first.next, 10, { isPatient });
    expect([names(last), last.gaps]).toEqual([[], [{ stream: there, from: 2, to: 2, reason: 'key' }]]);
  });

  it('together with those after it gives everything once, however long pages and bundles are', () => {
    const bundles = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 5 })), { maxLength: 12 });
    fc.assert(
      fc.property(bundles, fc.integer({ min: 1, max: 7 }), (sizes, limit) => {
        const held = new Arrivals('A');
        const all: Message[] = [];
        const last = new Map([
          [here, 0],
          [there, 0],
        ]);
        for (const [isHere, count] of sizes) {
          const stream = isHere ? here : there;
          const from = last.get(stream)! + 1;
          last.set(stream, from + count - 1);
          const added = bundle(stream, from, from + count - 1);
          held.add(added);
          all.push(...added);
        }
        const got: Message[] = [];
        let page = held.page(undefined, limit);
        for (; page.items.length > 0; page = held.page(page.next, limit)) got.push(...page.items);
        expect(got).toEqual(all);
      }),
    );
  });
});
