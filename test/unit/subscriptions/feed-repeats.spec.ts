import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/gossip/bundles/message.js';
import type { Stream } from '../../../src/gossip/bundles/stream.js';
import type { Cursor } from '../../../src/subscriptions/cursor.js';
import { Feed } from '../../../src/subscriptions/feed.js';
import { RepeatFilter, type Has } from '../../../src/subscriptions/repeat-filter.js';
import { NOW, RETAINED, type StartingPoint } from '../../../src/subscriptions/starting-point.js';
import { begin, messageAt, testStream, WrittenLog } from './written-log.js';

const streams = [1, 2, 3].map((epoch) => testStream('chat', epoch));
const KEYS = 5;

/** A node with its own order of things; it may forget what it was asked, as a restart does. */
class Node {
  readonly log = new WrittenLog(2);
  #filter = newFilter();

  constructor(private readonly published: ReadonlyMap<Stream, readonly Message[]>) {}

  holds(stream: Stream): number {
    return this.log.extentOf(stream.id)?.frontier ?? 0;
  }

  /** Up to `seq` of a stream comes in. */
  receive(stream: Stream, seq: number): readonly Message[] {
    const news = (this.published.get(stream) ?? []).slice(this.holds(stream), seq);
    const messages = news.map((message) => this.log.write(stream, message));
    this.#filter.live(messages, 0);
    return messages;
  }

  restart(): void {
    this.#filter = newFilter();
  }

  /** As a node does for a reader that comes from elsewhere. */
  learn(): void {
    for (const extent of this.log.extentsOf('chat')) {
      const unseen = this.#filter.unseen(extent);
      if (unseen === undefined) continue;
      for (let next = unseen.after + 1; next <= unseen.to;) {
        const part = this.log.readStream(extent.stream.id, next);
        this.#filter.note(part.messages, 0);
        next = part.nextSeq;
      }
      this.#filter.seen(extent.stream.id, unseen.after, unseen.to);
    }
  }

  feed(): Feed {
    const isUnwanted = (message: Message, has: Has): boolean => this.#filter.isRepeat(message, has, 0);
    return new Feed(this.log, { messagesMax: 3, bytesMax: 1_000, whenFull: 'reread', isUnwanted });
  }
}

function newFilter(): RepeatFilter {
  return new RepeatFilter(() => 0);
}

function takeOne(feed: Feed, messagesMax: number, got: (message: Message) => void): void {
  const next = feed.take(messagesMax);
  if (next === undefined || 'gap' in next) return;
  for (const message of next.messages) {
    got(message);
    feed.given(message.stream.id, message.seq);
  }
}

type Step =
  | { type: 'publish'; stream: number; key: number }
  | { type: 'arrive'; node: number; stream: number; count: number }
  | { type: 'take'; limit: number }
  | { type: 'move'; node: number; isRestarted: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('publish' as const),
        stream: fc.nat(streams.length - 1),
        key: fc.nat(KEYS - 1),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('arrive' as const),
        node: fc.nat(1),
        stream: fc.nat(streams.length - 1),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('move' as const), node: fc.nat(1), isRestarted: fc.boolean() }),
    },
  ),
  { maxLength: 80 },
);

describe('a feed of messages that are repeated under their keys', () => {
  it('gives each once to a reader that moves between nodes, whatever order they came in', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const published = new Map<Stream, Message[]>(streams.map((stream) => [stream, []]));
        const nodes = [new Node(published), new Node(published)];
        const got: string[] = [];
        let [node, feed] = [nodes[0]!, nodes[0]!.feed()];
        const take = (limit: number): void => takeOne(feed, limit, ({ idempotencyKey }) => got.push(idempotencyKey!));
        const arrive = (at: Node, stream: Stream, seq: number): void => {
          const messages = at.receive(stream, seq);
          if (at === node && messages.length > 0) feed.offer(messages, messages.length);
        };
        const startAt = (at: Node, point: StartingPoint): void => {
          at.learn();
          [node, feed] = [at, at.feed()];
          begin(feed, 'chat', point);
        };
        startAt(node, RETAINED);
        for (const step of sequence) {
          if (step.type === 'publish') {
            const stream = streams[step.stream]!;
            const ofStream = published.get(stream)!;
            ofStream.push(messageAt(stream, ofStream.length + 1, { idempotencyKey: `k${step.key}` }));
          } else if (step.type === 'arrive') {
            const at = nodes[step.node]!;
            arrive(at, streams[step.stream]!, at.holds(streams[step.stream]!) + step.count);
          } else if (step.type === 'take') take(step.limit);
          else {
            const cursor: Cursor = feed.cursor(0);
            const next = nodes[step.node]!;
            // What a reader got elsewhere is known to be a copy once it is here.
            for (const stream of streams) if (next !== node) next.receive(stream, cursor.streams.get(stream.id) ?? 0);
            if (step.isRestarted) next.restart();
            startAt(next, { from: 'cursor', cursor, isToken: true });
          }
        }
        for (const stream of streams) arrive(node, stream, published.get(stream)!.length);
        do take(10);
        while (feed.hasMore);
        const keys = [...published.values()].flat().map(({ idempotencyKey }) => idempotencyKey);
        expect(got.toSorted()).toEqual([...new Set(keys)].toSorted());
      }),
      { numRuns: 500 },
    );
  });

  it('loses none when older messages are asked for beside newer ones', () => {
    const [one, two] = [streams[0]!, streams[1]!];
    const published = new Map([one, two].map((stream) => [stream, [messageAt(stream, 1, { idempotencyKey: 'k' })]]));
    const node = new Node(published);
    for (const stream of [one, two]) node.receive(stream, 1);
    const feed = node.feed();
    const got: number[] = [];
    begin(feed, 'chat', NOW);
    begin(feed, 'chat', RETAINED);
    do takeOne(feed, 10, ({ seq }) => got.push(seq));
    while (feed.hasMore);
    expect(got).toEqual([1]);
  });

  it('gives the other copy of what its reader was told to have missed', () => {
    const [one, two] = [streams[0]!, streams[1]!];
    const published = new Map([one, two].map((stream) => [stream, [messageAt(stream, 1, { idempotencyKey: 'k' })]]));
    const node = new Node(published);
    const feed = node.feed();
    begin(feed, 'chat', NOW);
    node.receive(one, 1);
    feed.offerGap({ stream: one, from: 1, to: 1, reason: 'retention' });
    feed.offer(node.receive(two, 1), 1);
    const got: string[] = [];
    expect(feed.take(10)).toMatchObject({ gap: { from: 1, to: 1 } });
    feed.given(one.id, 1);
    takeOne(feed, 10, ({ stream }) => got.push(stream.id));
    expect(got).toEqual([two.id]);
  });

  it('says what it passed over, once what goes before is given', () => {
    const [stream] = [streams[0]!];
    const log = new WrittenLog();
    const passed: number[] = [];
    const feed = new Feed(log, {
      messagesMax: 10,
      bytesMax: 1_000,
      whenFull: 'cut',
      isUnwanted: ({ seq }) => seq >= 2,
      passed: (_, seq) => passed.push(seq),
    });
    begin(feed, 'chat', NOW);
    const offer = (count: number): unknown =>
      feed.offer(
        Array.from({ length: count }, () => log.write(stream, { idempotencyKey: 'k' })),
        count,
      );
    offer(2);
    takeOne(feed, 10, () => expect(passed).toEqual([]));
    feed.take(10);
    expect(passed).toEqual([2]);
    offer(1);
    feed.take(10);
    expect(passed).toEqual([2, 3]);
  });

  it('has no cursor behind what is still to be given', () => {
    const [stream] = [streams[0]!];
    const log = new WrittenLog();
    const feed = new Feed(log, {
      messagesMax: 10,
      bytesMax: 1_000,
      whenFull: 'cut',
      isUnwanted: ({ seq }) => seq === 3,
    });
    begin(feed, 'chat', NOW);
    feed.offer(
      [1, 2, 3].map(() => log.write(stream, { ttlMs: 1 })),
      3,
    );
    expect(feed.take(10)).toMatchObject({ messages: [{ seq: 1 }, { seq: 2 }] });
    feed.given(stream.id, 1);
    expect(feed.clientCursor(0).streams).toEqual(new Map([[stream.id, 1]]));
    feed.given(stream.id, 2);
    feed.take(10);
    expect(feed.clientCursor(0).streams).toEqual(new Map([[stream.id, 3]]));
  });
});
