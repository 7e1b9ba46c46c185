import type { Interests } from '../interests.js';
import type { SimulatedBundle } from '../memory-log.js';

/** Where a node's interest in a stream begins: behind the last message that was published before it. */
export class Starts {
  readonly #published = new Map<string, { topic: string; bundles: { atMs: number; lastSeq: number }[] }>();

  constructor(private readonly interests: Interests) {}

  sawPublished({ stream, lastSeq }: SimulatedBundle, atMs: number): void {
    const published = this.#published.get(stream.id) ?? { topic: stream.topic, bundles: [] };
    published.bundles.push({ atMs, lastSeq });
    this.#published.set(stream.id, published);
  }

  startOf(id: string, stream: string): number {
    const published = this.#published.get(stream);
    const since = published === undefined ? undefined : this.interests.since(id, published.topic);
    if (published === undefined || since === undefined) return Infinity;
    return published.bundles.findLast(({ atMs }) => atMs < since)?.lastSeq ?? 0;
  }
}
