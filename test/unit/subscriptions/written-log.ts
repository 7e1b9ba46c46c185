import type { StreamExtent } from '../../../src/gossip/store/bundle-store.js';
import type { Message } from '../../../src/gossip/bundles/message.js';
import { streamOf, type Stream, type StreamId } from '../../../src/gossip/bundles/stream.js';
import type { MessageLog } from '../../../src/subscriptions/message-log.js';

const PUBLISHER = Buffer.alloc(32, 7).toString('base64url');

/** A log in memory that a test writes itself. */
export class WrittenLog implements MessageLog {
  readonly #streams = new Map<StreamId, { stream: Stream; floor: number; messages: Message[] }>();
  #clockMs = 1_000;

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

  /** What a missing key does. */
  lose(stream: Stream, lost: number): void {
    const held = this.#held(stream);
    held.messages = held.messages.filter(({ seq }) => seq !== lost);
  }

  extentsOf(topicMatches: (topic: string) => boolean): StreamExtent[] {
    return [...this.#streams.values()]
      .filter(({ stream }) => topicMatches(stream.topic))
      .map(({ stream, floor, messages }) => ({
        stream,
        floor,
        frontier: messages.at(-1)?.seq ?? floor,
        changedAtMs: 0,
      }));
  }

  readStream(stream: StreamId, fromSeq: number, limit: number): Message[] {
    const messages = this.#streams.get(stream)?.messages ?? [];
    return messages.filter(({ seq }) => seq >= fromSeq).slice(0, limit);
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
