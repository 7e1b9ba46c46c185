import type { StreamId } from '../gossip/bundles/stream.js';

/** How far a reader has come, by stream; those that moved last stand at the end. */
export class Progress {
  readonly #streams: Map<StreamId, number>;
  /** The stream that moved last, ahead of what the map says of it: messages come in runs of one stream. */
  #latest: StreamId | undefined;
  #latestSeq = 0;

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
    this.#latest = stream;
    this.#latestSeq = seq;
  }

  forget(stream: StreamId): void {
    if (stream === this.#latest) this.#latest = undefined;
    this.#streams.delete(stream);
  }

  [Symbol.iterator](): IterableIterator<[StreamId, number]> {
    this.#settle();
    return this.#streams.entries();
  }

  #settle(): void {
    if (this.#latest !== undefined) this.#streams.set(this.#latest, this.#latestSeq);
  }
}
