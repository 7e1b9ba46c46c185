import type { Gap } from '../../../src/gossip/bundles/message.js';
import type { SimulatedBundle } from '../memory-log.js';
import type { GossipNode } from '../gossip-node.js';

/**
 * A stream's messages are delivered once, in order, and whatever is left out is told as a gap; a new life of a node goes on where its log
 * ends.
 */
export class OnceInOrder {
  /** Life → stream → the next seq that may be delivered. */
  readonly #next = new WeakMap<GossipNode, Map<string, number>>();
  /** Life → stream → where its part of it began. */
  readonly #began = new WeakMap<GossipNode, Map<string, number>>();
  readonly #topics = new Map<string, string>();
  readonly problems: string[] = [];
  delivered = 0;
  gaps = 0;

  sawStart(node: GossipNode): void {
    for (const { stream, floor, frontier } of node.log.extents()) {
      this.#topics.set(stream.id, stream.topic);
      streamsOf(this.#next, node).set(stream.id, frontier + 1);
      streamsOf(this.#began, node).set(stream.id, floor + 1);
    }
  }

  sawDelivery(node: GossipNode, bundle: SimulatedBundle, fromSeq: number): void {
    const next = streamsOf(this.#next, node);
    this.#topics.set(bundle.stream.id, bundle.stream.topic);
    if (!next.has(bundle.stream.id)) streamsOf(this.#began, node).set(bundle.stream.id, fromSeq);
    const expected = next.get(bundle.stream.id);
    // The first message of a stream sets its start; so does the first after the stream was forgotten.
    if (expected !== undefined && fromSeq !== expected) {
      this.problems.push(`${name(node)} got ${fromSeq} of ${place(bundle)}, expected ${expected}`);
    }
    next.set(bundle.stream.id, bundle.lastSeq + 1);
    this.delivered += bundle.lastSeq - fromSeq + 1;
  }

  sawGap(node: GossipNode, gap: Gap): void {
    this.gaps++;
    const next = streamsOf(this.#next, node);
    const began = streamsOf(this.#began, node);
    const expected = next.get(gap.stream.id);
    this.#topics.set(gap.stream.id, gap.stream.topic);
    if (expected === undefined || gap.to < began.get(gap.stream.id)!) {
      // The stream began earlier than the node thought: nothing is told twice, or as missing that was delivered.
      began.set(gap.stream.id, gap.from);
      if (expected === undefined) next.set(gap.stream.id, gap.to + 1);
      return;
    }
    if (gap.from !== expected) {
      this.problems.push(`${name(node)} was told of a gap from ${gap.from}, expected ${expected}`);
    }
    next.set(gap.stream.id, gap.to + 1);
  }

  /** The node gave up its interest in a topic: when it comes back its streams begin anew. */
  sawLoss(node: GossipNode, topic: string): void {
    const next = streamsOf(this.#next, node);
    for (const stream of next.keys()) if (this.#topics.get(stream) === topic) next.delete(stream);
  }
}

function streamsOf(lives: WeakMap<GossipNode, Map<string, number>>, node: GossipNode): Map<string, number> {
  let streams = lives.get(node);
  if (streams === undefined) {
    streams = new Map();
    lives.set(node, streams);
  }
  return streams;
}

function name(node: GossipNode): string {
  return node.id.slice(0, 4);
}

function place({ stream, firstSeq, lastSeq }: SimulatedBundle): string {
  return `${stream.topic}/${stream.publisher.slice(0, 4)}/${stream.epoch} ${firstSeq}-${lastSeq}`;
}
