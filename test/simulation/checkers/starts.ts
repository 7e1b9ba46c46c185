import type { Stream } from '../../../src/gossip/bundles/stream.js';
import type { GossipNode } from '../gossip-node.js';
import type { Interests } from '../interests.js';
import type { SimulatedBundle } from '../memory-log.js';
import type { World } from '../world.js';

/**
 * Where a node's interest in a stream begins: behind the last message that was published before it. Nobody but its publisher, or who has
 * it when that is gone, can tell; once its clock or the node's was set since, only who was there when the interest began.
 */
export class Starts {
  readonly #published = new Map<string, { topic: string; bundles: { atMs: number; lastSeq: number }[] }>();

  constructor(
    private readonly world: World,
    private readonly interests: Interests,
  ) {}

  sawPublished({ stream, lastSeq }: SimulatedBundle, atMs: number): void {
    const published = this.#published.get(stream.id) ?? { topic: stream.topic, bundles: [] };
    published.bundles.push({ atMs, lastSeq });
    this.#published.set(stream.id, published);
  }

  /** As far as `holder` has to know it; Infinity when it does not. */
  startOf(id: string, stream: Stream, holder: GossipNode): number {
    return this.#isKnownTo(holder, id, stream) ? this.#startOf(id, stream.id) : Infinity;
  }

  #isKnownTo(holder: GossipNode, id: string, { topic, publisher, epoch }: Stream): boolean {
    if (this.interests.wantsRetained(id, topic)) return true;
    const since = this.interests.since(id, topic) ?? Infinity;
    if ([id, holder.id].every((one) => this.world.clockSetMs(one) <= since)) return true;
    const { membership, startedMs } = this.world.node(publisher);
    const isPublished = membership.process.isRunning && membership.epoch === epoch;
    return holder.startedMs <= since && (!isPublished || startedMs <= since);
  }

  #startOf(id: string, stream: string): number {
    const published = this.#published.get(stream);
    const since = published === undefined ? undefined : this.interests.since(id, published.topic);
    if (published === undefined || since === undefined) return Infinity;
    return published.bundles.findLast(({ atMs }) => atMs < since)?.lastSeq ?? 0;
  }
}
