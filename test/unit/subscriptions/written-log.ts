import type { StreamExtent } from '../../../src/gossip/store/bundle-store.js';
import type { Message, StreamPart } from '../../../src/gossip/bundles/message.js';
import { streamOf, type Stream, type StreamId } from '../../../src/gossip/bundles/stream.js';
import type { MessageLog } from '../../../src/subscriptions/message-log.js';

import type { Feed } from '../../../src/subscriptions/feed.js';
import type { StartingPoint } from '../../../src/subscriptions/starting-point.js';
import { PatternTree } from '../../../src/topics/pattern-tree.js';

const PUBLISHER = Buffer.alloc(32, 7).toString('base64url');

/** A log in memory that a test writes itself. */
export class WrittenLog implements MessageLog {
  readonly #streams = new Map<StreamId, { stream: Stream; floor: number; messages: Message[] }>();
  readonly #lost = new Set<string>();
  #clockMs = 1_000;
  reads = 0;
  /** Up to where streams were delivered live, also what the log refused. */
  readonly delivered = new Map<StreamId, number>();
  /** Streams that cannot be opened from a seq on, as a key is awaited. */
  readonly locked = new Map<StreamId, number>();

  constructor(private readonly pageMessages = 256) {}

  /** The next message of the stream. */
  write(stream: Stream, more: Partial<Message> = {}): Message {
    const held = this.#held(stream);
    const last = held.messages.at(-1)?.seq ?? held.floor;
    const message = messageAt(stream, last + 1, { publishedAtMs: this.#clockMs++, ...more });
    held.messages.push(message);
    return message;
  }

  /** What retention does. */
  dropThrough(stream: Stream, floor: number): void {
    const held = this.#held(stream);
    held.floor = floor;
    held.messages = held.messages.filter(({ seq }) => seq > floor);
  }

  /** What a key does that is not to be had. */
  lose(stream: Stream, lost: number): void {
    this.#lost.add(`${stream.id} ${lost}`);
  }

  extentsOf(pattern: string): StreamExtent[] {
    const isWanted = matcherOf(pattern);
    return this.#extents().filter(({ stream }) => isWanted(stream.topic));
  }

  extentOf(stream: StreamId): StreamExtent | undefined {
    return this.#extents().find((extent) => extent.stream.id === stream);
  }

  #extents(): StreamExtent[] {
    return [...this.#streams.values()].map(({ stream, floor, messages }) => ({
      stream,
      floor,
      frontier: messages.at(-1)?.seq ?? floor,
      changedAtMs: 0,
    }));
  }

  /** So many messages at a time, as the log reads a bundle or more. */
  readStream(stream: StreamId, fromSeq: number): StreamPart {
    this.reads++;
    const all = this.#streams.get(stream)?.messages ?? [];
    const lockedSeq = this.locked.get(stream) ?? Infinity;
    const page = all.filter(({ seq }) => seq >= fromSeq).slice(0, this.pageMessages);
    const messages = page.filter(({ seq }) => seq < lockedSeq && !this.#lost.has(`${stream} ${seq}`));
    if (page.some(({ seq }) => seq >= lockedSeq)) {
      return { messages, nextSeq: Math.max(fromSeq, lockedSeq), awaitedKey: stream };
    }
    return { messages, nextSeq: (page.at(-1)?.seq ?? fromSeq - 1) + 1 };
  }

  /** Keys are named after their streams. */
  isKeyAwaited(keyId: string): boolean {
    return this.locked.has(keyId);
  }

  isUnlogged(stream: StreamId, seq: number): boolean {
    return (this.extentOf(stream)?.frontier ?? 0) < seq && seq <= (this.delivered.get(stream) ?? 0);
  }

  seqBefore(stream: StreamId, wallMs: number): number {
    const held = this.#streams.get(stream);
    return held?.messages.findLast(({ publishedAtMs }) => publishedAtMs < wallMs)?.seq ?? held?.floor ?? 0;
  }

  #held(stream: Stream): { stream: Stream; floor: number; messages: Message[] } {
    let held = this.#streams.get(stream.id);
    if (held === undefined) {
      held = { stream, floor: 0, messages: [] };
      this.#streams.set(stream.id, held);
    }
    return held;
  }
}

/** Says which topics match a topic or pattern. */
export function matcherOf(pattern: string): (topic: string) => boolean {
  const tree = new PatternTree<null>();
  tree.add(pattern, null);
  return (topic) => tree.matches(topic);
}

/** Runs a start through all its slices. */
export function begin(feed: Feed, pattern: string, point: StartingPoint): boolean {
  return finish(feed.start(pattern, point, matcherOf(pattern)));
}

/** What a generator of slices comes to. */
export function finish<T>(slices: Generator<unknown, T>): T {
  for (;;) {
    const step = slices.next();
    if (step.done === true) return step.value;
  }
}

export function testStream(topic: string, epoch = 1): Stream {
  return streamOf(topic, PUBLISHER, epoch);
}

export function messageAt(stream: Stream, seq: number, more: Partial<Message> = {}): Message {
  return {
    stream,
    seq,
    publisherName: 'A',
    publishedAtMs: seq,
    ttlMs: undefined,
    headers: undefined,
    idempotencyKey: undefined,
    encoding: 'json',
    payload: Buffer.from(String(seq)),
    ...more,
  };
}
