/**
 * Streams that peers claim to hold and that are not taken in yet. Claims are not signed, so they cost a claiming peer's own share of
 * the room here, and nothing else: they are neither kept, nor told to others, nor do they outlive its link.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { Claim } from '../bundles/gossip-frames.js';
import type { BundlePlace } from './gossip-protocol.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import type { StreamState } from './stream-table.js';

/** New streams that wait for their publisher's word, or for a bundle that proves them. */
export const NEWCOMERS_MAX = 16_384;
/** Those that one peer brought up; further ones have their turn when these are taken in. */
export const NEWCOMERS_PER_PEER_MAX = 1_024;

/** What is claimed of a stream. */
export interface Newcomer<B extends BundlePlace> {
  readonly stream: Stream;
  readonly broughtBy: NodeId;
  dueMs: number;
  start: number;
  isSure: boolean;
  readonly claims: Map<NodeId, Claim>;
  /** What is fetched of it on the word of others than its publisher. */
  trial: StreamState<B> | undefined;
}

export class Newcomers<B extends BundlePlace> {
  readonly #newcomers = new Map<StreamId, Newcomer<B>>();
  readonly #broughtBy = new Map<NodeId, Set<StreamId>>();

  get size(): number {
    return this.#newcomers.size;
  }

  all(): Iterable<Newcomer<B>> {
    return this.#newcomers.values();
  }

  get(stream: StreamId): Newcomer<B> | undefined {
    return this.#newcomers.get(stream);
  }

  /** Undefined when there is no room; a publisher's own streams are not counted as brought up by it. */
  open(stream: Stream, peer: NodeId, start: number): Newcomer<B> | undefined {
    const brought = this.#broughtBy.get(peer) ?? new Set();
    const isOverShare = peer !== stream.publisher && brought.size >= NEWCOMERS_PER_PEER_MAX;
    if (isOverShare || this.#newcomers.size >= NEWCOMERS_MAX) return undefined;
    if (peer !== stream.publisher) this.#broughtBy.set(peer, brought.add(stream.id));
    const claims = new Map<NodeId, Claim>();
    const newcomer = { stream, broughtBy: peer, dueMs: Infinity, start, isSure: false, claims, trial: undefined };
    this.#newcomers.set(stream.id, newcomer);
    return newcomer;
  }

  delete({ stream, broughtBy }: Newcomer<B>): void {
    this.#newcomers.delete(stream.id);
    this.#broughtBy.get(broughtBy)?.delete(stream.id);
  }
}
