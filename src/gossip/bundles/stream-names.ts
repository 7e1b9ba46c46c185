import type { NodeId } from '../../peers/node-id.js';
import { streamOf, type Stream } from './stream.js';

const NAMES_MAX = 16_384;

/** Streams by their names, so that a name is hashed once and not for every bundle. Bounded; the oldest make way. */
export class StreamNames {
  readonly #streams = new Map<string, Stream>();

  get(topic: string, publisher: NodeId, epoch: number): Stream {
    const name = `${publisher} ${epoch} ${topic}`;
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const stream = streamOf(topic, publisher, epoch);
    this.#streams.set(name, stream);
    if (this.#streams.size > NAMES_MAX) {
      const [oldest] = this.#streams.keys();
      if (oldest !== undefined) this.#streams.delete(oldest);
    }
    return stream;
  }
}
