import type { World } from '../world.js';

/** The nodes that want a topic say that they hold the same streams up to the same messages. Returns what is not so. */
export function unequalDigests(world: World): string[] {
  const problems: string[] = [];
  const frontiers = new Map<string, Map<string, number>>();
  const running = world.running();
  for (const node of running) {
    for (const { stream, frontier } of node.log.extents()) {
      if (!node.wants(stream.topic)) continue;
      const held = frontiers.get(stream.id) ?? new Map<string, number>();
      frontiers.set(stream.id, held.set(node.id, frontier));
      for (const other of running) {
        if (!other.wants(stream.topic) || other.log.extent(stream.id)?.frontier === frontier) continue;
        const name = `${stream.topic}/${stream.publisher.slice(0, 4)}/${stream.epoch}`;
        problems.push(`${node.id.slice(0, 4)} has ${name} up to ${frontier}, ${other.id.slice(0, 4)} does not`);
      }
    }
  }
  return problems;
}
