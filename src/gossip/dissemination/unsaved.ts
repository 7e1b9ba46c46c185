/** What the log could not save of streams' extents, or that they are forgotten: said again until it can. */
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { extentOf, type StreamTable } from './stream-table.js';

export class Unsaved<B extends BundlePlace> {
  readonly #streams = new Map<StreamId, Stream>();

  constructor(private readonly table: StreamTable<B>) {}

  add(stream: Stream): void {
    this.#streams.set(stream.id, stream);
  }

  /** What is so by now. */
  takeAll(): GossipOutput<B>[] {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    return streams.map((stream) => {
      const state = this.table.get(stream.id);
      return state === undefined ? { type: 'forget', stream } : extentOf(state);
    });
  }
}
