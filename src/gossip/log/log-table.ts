/**
 * What the log holds, in memory: extents by stream, and per topic how much that is and a digest over (stream id, frontier) that is
 * equal on all nodes whose streams of the topic reach equally far.
 */
import { createHash } from 'node:crypto';
import type { NodeId } from '../../peers/node-id.js';
import { TopicTree } from '../../topics/topic-tree.js';
import type { HeldExtent } from '../store/bundle-store.js';
import type { StreamId } from '../bundles/stream.js';

const DIGEST_BYTES = 8;

/** How much the log holds of a topic. */
export interface TopicUsage {
  readonly topic: string;
  /** Messages. */
  readonly count: number;
  /** Bytes of sealed bundles. */
  readonly bytes: number;
  /** 8 bytes as base64url. */
  readonly digest: string;
}

interface TopicState {
  readonly streams: Set<StreamId>;
  count: number;
  bytes: number;
  digest: string | undefined;
}

export class LogTable {
  /** In order of their last change, as a change of the frontier moves a stream to the end. */
  readonly #extents = new Map<StreamId, HeldExtent>();
  readonly #topics = new Map<string, TopicState>();
  #tree = new TopicTree<TopicState>();
  readonly #publishers = new Map<NodeId, number>();
  #bytes = 0;

  get size(): number {
    return this.#extents.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When any stream changed last; 0 when there is none. */
  get newestMs(): number {
    let newestMs = 0;
    for (const { changedAtMs } of this.#extents.values()) newestMs = Math.max(newestMs, changedAtMs);
    return newestMs;
  }

  load(extents: readonly HeldExtent[]): void {
    this.#extents.clear();
    this.#topics.clear();
    this.#tree = new TopicTree();
    this.#publishers.clear();
    this.#bytes = 0;
    for (const extent of [...extents].sort((a, b) => a.changedAtMs - b.changedAtMs)) this.put(extent);
  }

  get(stream: StreamId): HeldExtent | undefined {
    return this.#extents.get(stream);
  }

  /** The one that has not changed for longest comes first. */
  extents(): Iterable<HeldExtent> {
    return this.#extents.values();
  }

  /** Those of the topics that match a topic or pattern; may be gone through over several turns. */
  *extentsOf(pattern: string): Generator<HeldExtent, void> {
    for (const { streams } of this.#tree.matching(pattern)) {
      for (const stream of streams) {
        const extent = this.#extents.get(stream);
        if (extent !== undefined) yield extent;
      }
    }
  }

  topicNames(): Iterable<string> {
    return this.#topics.keys();
  }

  put(extent: HeldExtent): void {
    const { id, topic, publisher } = extent.stream;
    const former = this.#extents.get(id);
    if (former === undefined) this.#publishers.set(publisher, (this.#publishers.get(publisher) ?? 0) + 1);
    if (former?.frontier !== extent.frontier) this.#extents.delete(id);
    this.#extents.set(id, extent);
    const state = this.#topics.get(topic) ?? this.#newTopic(topic);
    state.streams.add(id);
    if (former?.frontier !== extent.frontier) state.digest = undefined;
    this.#count(state, former, -1);
    this.#count(state, extent, 1);
  }

  delete(stream: StreamId): void {
    const extent = this.#extents.get(stream);
    if (extent === undefined) return;
    const { topic, publisher } = extent.stream;
    this.#extents.delete(stream);
    const streams = this.#publishers.get(publisher) ?? 0;
    if (streams > 1) this.#publishers.set(publisher, streams - 1);
    else this.#publishers.delete(publisher);
    const state = this.#topics.get(topic)!;
    this.#count(state, extent, -1);
    state.streams.delete(stream);
    state.digest = undefined;
    if (state.streams.size > 0) return;
    this.#topics.delete(topic);
    this.#tree.delete(topic);
  }

  /** Whether a stream of the publisher is remembered. */
  hasPublisher(publisher: NodeId): boolean {
    return this.#publishers.has(publisher);
  }

  usage(topic: string): { readonly count: number; readonly bytes: number } {
    return this.#topics.get(topic) ?? { count: 0, bytes: 0 };
  }

  largestTopic(): string | undefined {
    let largest: string | undefined;
    let bytesMax = 0;
    for (const [topic, { bytes }] of this.#topics) {
      if (bytes <= bytesMax) continue;
      largest = topic;
      bytesMax = bytes;
    }
    return largest;
  }

  topics(): TopicUsage[] {
    return [...this.#topics].map(([topic, state]) => ({
      topic,
      count: state.count,
      bytes: state.bytes,
      digest: (state.digest ??= this.#digestOf(state)),
    }));
  }

  #newTopic(topic: string): TopicState {
    const state: TopicState = { streams: new Set(), count: 0, bytes: 0, digest: undefined };
    this.#topics.set(topic, state);
    this.#tree.set(topic, state);
    return state;
  }

  #digestOf(state: TopicState): string {
    const hash = createHash('sha256');
    const frontier = Buffer.alloc(6);
    for (const id of [...state.streams].sort()) {
      frontier.writeUIntBE(this.#extents.get(id)!.frontier, 0, 6);
      hash.update(id, 'latin1').update(frontier);
    }
    return hash.digest().subarray(0, DIGEST_BYTES).toString('base64url');
  }

  #count(state: TopicState, extent: HeldExtent | undefined, sign: 1 | -1): void {
    if (extent === undefined) return;
    state.count += sign * (extent.frontier - extent.floor);
    state.bytes += sign * extent.bytes;
    this.#bytes += sign * extent.bytes;
  }
}
