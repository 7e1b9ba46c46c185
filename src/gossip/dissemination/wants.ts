/**
 * What this node wants of the streams it has: follows the own interest and the relays' duties. Interest lost: the streams are forgotten
 * after a while. Interest that began anew: at once, so that a new floor is adopted. Interest extended to the past: history is asked for.
 * Own streams stay, whoever wants them.
 */
import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import type { Audience } from './audience.js';
import type { BundlePlace, GossipWorld } from './gossip-protocol.js';
import type { Stream } from '../bundles/stream.js';
import type { StreamState, StreamTable, TopicState } from './stream-table.js';

/** Streams that nobody here wants are kept for so long: a link that flaps must not cost a transfer each time. */
export const FORGET_AFTER_MS = 60_000;
/** A stream without a held message and without news for so long is forgotten; retention everywhere must be shorter. */
export const EMPTY_KEPT_MS = 48 * 3_600_000;
const SWEEP_MS = 10_000;
/** Streams that are forgotten before others have their turn. */
export const FORGOTTEN_A_SWEEP_MAX = 256;

export class Wants<B extends BundlePlace> {
  #sweptMs = 0;

  constructor(
    private readonly self: NodeId,
    private readonly directory: DirectoryView,
    private readonly table: StreamTable<B>,
    private readonly audience: Audience,
    private readonly world: GossipWorld,
    private readonly forget: (state: StreamState<B>, restartsAtMs?: number) => void,
  ) {}

  /** The directory or the duties changed. */
  review(topics: readonly string[], nowMs: number): void {
    for (const name of topics) {
      const topic = this.table.topic(name);
      if (topic === undefined) continue;
      this.#followInterest(topic);
      if (this.audience.isWantedHere(topic.topic)) topic.unwantedSinceMs = undefined;
      else topic.unwantedSinceMs ??= nowMs;
    }
  }

  /** From where on a stream that is taken in now may be released. */
  floorOf(stream: Stream): number {
    return this.table.releasedBefore(stream.id, this.directory.interestSince(this.self, stream.topic));
  }

  /** A stream of the topic was taken in under the interest as it is now. */
  opened(name: string): void {
    const topic = this.table.topic(name);
    if (topic !== undefined) topic.sinceMs ??= this.directory.interestSince(this.self, name);
  }

  sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    let forgotten = 0;
    for (const topic of this.table.topics()) {
      const isUnwanted = topic.unwantedSinceMs !== undefined && nowMs - topic.unwantedSinceMs >= FORGET_AFTER_MS;
      for (const state of topic.streams.values()) {
        const isEmpty = state.window.floor === state.window.frontier && nowMs - state.changedMs >= EMPTY_KEPT_MS;
        if (!isEmpty && !(isUnwanted && state.stream.publisher !== this.self)) continue;
        this.forget(state);
        // The rest goes with the next round.
        if (++forgotten < FORGOTTEN_A_SWEEP_MAX) continue;
        this.#sweptMs = -Infinity;
        return;
      }
    }
  }

  #followInterest(topic: TopicState<B>): void {
    const since = this.directory.interestSince(this.self, topic.topic);
    const former = topic.sinceMs;
    if (since === undefined) return;
    topic.sinceMs = since;
    // A fetch of history that a restart interrupted goes on.
    if (former === undefined) topic.isHistoryWanted ||= since === 0;
    if (former === undefined || since === former) return;
    if (since < former) {
      topic.isHistoryWanted = true;
      return;
    }
    for (const state of topic.streams.values()) {
      // What came in since the interest began again shows that nothing was missed in between.
      const isFresh = this.world.seqBefore(state.stream.id, since) < state.window.frontier;
      if (state.stream.publisher !== this.self && !isFresh) this.forget(state, since);
    }
  }
}
