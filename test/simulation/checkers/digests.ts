import type { Stream } from '../../../src/gossip/bundles/stream.js';
import type { GossipNode } from '../gossip-node.js';
import type { World } from '../world.js';

/**
 * The nodes that want a topic hold the same streams up to the same messages, so that their digests are equal; a node may lack one that ended
 * before its interest began (`startOf`), and an end that retention took from all who had it. Returns what is not so.
 */
export function unequalDigests(
  world: World,
  startOf: (id: string, stream: Stream, holder: GossipNode) => number,
): string[] {
  const problems: string[] = [];
  const running = world.running();
  for (const node of running) {
    for (const { stream, frontier } of node.log.extents()) {
      if (!node.wants(stream.topic)) continue;
      for (const other of running) {
        if (!other.wants(stream.topic) || startOf(other.id, stream, node) >= frontier) continue;
        const reached = other.log.extent(stream.id)?.frontier ?? 0;
        if (reached >= frontier || !node.log.holdsAnyOf(stream.id, reached, frontier)) continue;
        const name = `${stream.topic}/${stream.publisher.slice(0, 4)}/${stream.epoch}`;
        problems.push(`${node.id.slice(0, 4)} has ${name} up to ${frontier}, ${other.id.slice(0, 4)} does not`);
      }
    }
  }
  return problems;
}
