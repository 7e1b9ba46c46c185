import type { StreamId } from '../gossip/bundles/stream.js';

/** How far a reader has come, by stream; those that moved last stand at the end. */
export class Progress {
  readonly #streams: Map<StreamId, number>;

  constructor(streams: Iterable<readonly [StreamId, number]> = []) {
    this.#streams = new Map(streams);
  }

  at(stream: StreamId): number | undefined {
    return this.#streams.get(stream);
  }

  /** Never goes back. */
  advance(stream: StreamId, seq: number): void {
    const before = this.#streams.get(stream);
    if (before !== undefined) {
      if (before >= seq) return;
      this.#streams.delete(stream);
    }
    this.#streams.set(stream, seq);
  }

  forget(stream: StreamId): void {
    this.#streams.delete(stream);
  }

  [Symbol.iterator](): IterableIterator<[StreamId, number]> {
    return this.#streams.entries();
  }
}
