import type { StreamId } from '../gossip/bundles/stream.js';
import { CURSOR_STREAMS_MAX } from './cursor.js';

/** How far a reader has come, by stream; those that moved last stand at the end. */
export class Progress {
  readonly #streams: Map<StreamId, number>;
  /** The stream that moved last, ahead of what the map says of it: messages come in runs of one stream. */
  #latest: StreamId | undefined;
  #latestSeq = 0;
  /** The end of the map, which itself can be gone through from its beginning only; undefined until it is asked for. */
  #recent: Map<StreamId, number> | undefined;

  constructor(streams: Iterable<readonly [StreamId, number]> = []) {
    this.#streams = new Map(streams);
  }

  at(stream: StreamId): number | undefined {
    return stream === this.#latest ? this.#latestSeq : this.#streams.get(stream);
  }

  /** Never goes back. */
  advance(stream: StreamId, seq: number): void {
    if (stream === this.#latest) {
      if (seq > this.#latestSeq) this.#latestSeq = seq;
      return;
    }
    const before = this.#streams.get(stream);
    if (before !== undefined && before >= seq) return;
    this.#settle();
    this.#streams.delete(stream);
    this.#streams.set(stream, seq);
    this.#noteRecent(stream, seq);
    this.#latest = stream;
    this.#latestSeq = seq;
  }

  forget(stream: StreamId): void {
    if (stream === this.#latest) this.#latest = undefined;
    this.#streams.delete(stream);
    if (this.#recent?.has(stream) === true) this.#recent = undefined;
  }

  /** As many of the streams that moved last as a cursor for clients names; not to be held across changes. */
  recent(): ReadonlyMap<StreamId, number> {
    this.#settle();
    this.#recent ??= new Map([...this.#streams].slice(-CURSOR_STREAMS_MAX));
    return this.#recent;
  }

  [Symbol.iterator](): IterableIterator<[StreamId, number]> {
    this.#settle();
    return this.#streams.entries();
  }

  #settle(): void {
    if (this.#latest === undefined) return;
    this.#streams.set(this.#latest, this.#latestSeq);
    this.#recent?.set(this.#latest, this.#latestSeq);
  }

  #noteRecent(stream: StreamId, seq: number): void {
    if (this.#recent === undefined) return;
    this.#recent.delete(stream);
    this.#recent.set(stream, seq);
    if (this.#recent.size <= CURSOR_STREAMS_MAX) return;
    for (const [oldest] of this.#recent) return void this.#recent.delete(oldest);
  }
}
