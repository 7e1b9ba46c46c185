import type { MemoryLog } from '../memory-log.js';
import type { GossipNode } from '../gossip-node.js';

/** From which message on a stream was delivered on a disk, or told as a gap; what follows is the business of `OnceInOrder`. */
export class Accounts {
  readonly #lowest = new WeakMap<MemoryLog, Map<string, { topic: string; seq: number }>>();

  saw(node: GossipNode, stream: { readonly id: string; readonly topic: string }, fromSeq: number): void {
    const lowest = this.#of(node);
    const seq = Math.min(fromSeq, lowest.get(stream.id)?.seq ?? Infinity);
    lowest.set(stream.id, { topic: stream.topic, seq });
  }

  /** The node gave up its interest in a topic, or it began anew. */
  sawLoss(node: GossipNode, topic: string): void {
    const lowest = this.#of(node);
    for (const [id, entry] of lowest) if (entry.topic === topic) lowest.delete(id);
  }

  /** Everything up to here was neither delivered nor told as a gap. */
  missingUpTo(node: GossipNode, stream: string): number {
    const lowest = this.#of(node).get(stream)?.seq ?? Infinity;
    return Math.min(lowest - 1, node.log.extent(stream)?.floor ?? Infinity);
  }

  #of(node: GossipNode): Map<string, { topic: string; seq: number }> {
    let lowest = this.#lowest.get(node.log);
    if (lowest === undefined) {
      lowest = new Map();
      this.#lowest.set(node.log, lowest);
    }
    return lowest;
  }
}
