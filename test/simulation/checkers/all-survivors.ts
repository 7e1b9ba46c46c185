import type { Stream } from '../../../src/gossip/bundles/stream.js';
import type { GossipNode } from '../gossip-node.js';
import type { World } from '../world.js';

/**
 * What any running node holds of a stream, every running node that wants the topic holds as well, without a hole, from where its
 * interest began on, unless it had it once or was told a gap (`missing` is what is left of it). Returns what is not so.
 */
export function missingAtSurvivors(
  world: World,
  missing: (node: GossipNode, stream: Stream, holder: GossipNode) => { readonly after: number; readonly upTo: number },
): string[] {
  const problems: string[] = [];
  const running = world.running();
  const reach = new Map<string, number>();
  for (const { log } of running) {
    for (const { stream, floor, frontier } of log.extents()) {
      // An empty log proves nothing to others: of what nobody holds any more nothing is owed.
      if (floor < frontier) reach.set(stream.id, Math.max(frontier, reach.get(stream.id) ?? 0));
    }
  }
  const streams = new Map(running.flatMap(({ log }) => log.extents().map(({ stream }) => [stream.id, stream])));
  for (const [id, stream] of streams) {
    const name = `${stream.topic}/${stream.publisher.slice(0, 4)}/${stream.epoch}`;
    for (const node of running) {
      const held = node.log.extent(id);
      const label = `${node.id.slice(0, 4)} has (${held?.floor}, ${held?.frontier}] of ${name}`;
      if (!node.log.isWhole(id)) problems.push(`${label} with a hole`);
      if (!node.wants(stream.topic)) continue;
      // Who came when all of it had been said need not know of it.
      const heldMost = reach.get(id) ?? 0;
      const isOwed =
        held !== undefined ||
        running.some((holder) => holder.log.holdsAnyOf(id, missing(node, stream, holder).after, Infinity));
      if (isOwed && (held?.frontier ?? 0) < heldMost) problems.push(`${label}, others have ${heldMost}`);
      for (const holder of running) {
        const { after, upTo } = missing(node, stream, holder);
        if (!holder.log.holdsAnyOf(id, after, upTo)) continue;
        problems.push(`${label}, misses what ${holder.id.slice(0, 4)} has of (${after}, ${upTo}]`);
        break;
      }
    }
  }
  return problems;
}
