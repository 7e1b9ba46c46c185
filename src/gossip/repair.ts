/**
 * Pulls what is missing: per stream one pull at a time, from one holder that claims to have it, until the stream reaches what was
 * claimed. A holder that vanishes, is busy or brings nothing is left for the next one. When every holder's floor is above our
 * frontier for long enough, the part between is given up and told as a gap. Comparing who has what is `summaries.ts`.
 */
import type { NodeId } from '../peers/node-id.js';
import type { DirectoryView } from '../peers/directory-view.js';
import type { PulledFrame } from './gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { StreamState } from './stream-table.js';
import type { StreamId } from './stream.js';

/** Streams that are repaired at a time; what is beyond comes with a later comparison. */
export const NEEDS_MAX = 16_384;
/** About what one pull brings. More costs fewer round trips, less leaves room for live data sooner. */
export const PULL_BYTES = 512 * 1024;
const PULLS_PER_PEER_MAX = 8;
/** What was claimed may be on its way already; waiting for it saves bytes, pulling at once saves time. */
export const CLAIM_GRACE_MS = 200;
/** A pull without any progress for so long has failed. */
export const PULL_TIMEOUT_MS = 2_000;
const BUSY_RETRY_MS = 200;
/** Before a gap is told: the publisher itself no longer has it; no node that lives has it; one that is out of reach may have it. */
export const GAP_WAIT_MS = { publisher: 1_000, holders: 3_000, absent: 60_000 };

interface Holder {
  floor: number;
  frontier: number;
  retryAtMs: number;
}

interface Pull {
  readonly peer: NodeId;
  readonly after: number;
  deadlineMs: number;
}

interface Need<B extends BundlePlace> {
  readonly state: StreamState<B>;
  readonly holders: Map<NodeId, Holder>;
  readyAtMs: number;
  pull: Pull | undefined;
  blockedSinceMs: number | undefined;
}

export interface RepairPorts<B extends BundlePlace> {
  emit(output: GossipOutput<B>): void;
  /** Nobody has the stream up to `to` any more. */
  giveUp(state: StreamState<B>, to: number): void;
  /** The history that was asked for is nowhere to be had. */
  giveUpHistory(state: StreamState<B>): void;
  /** Ask all linked peers what they hold of a topic. */
  askAll(topic: string): void;
}

export class Repair<B extends BundlePlace> {
  readonly #needs = new Map<StreamId, Need<B>>();
  readonly #pullsOf = new Map<NodeId, number>();

  constructor(
    private readonly self: NodeId,
    private readonly links: ReadonlySet<NodeId>,
    private readonly directory: DirectoryView,
    private readonly ports: RepairPorts<B>,
  ) {}

  get needs(): number {
    return this.#needs.size;
  }

  /** `peer` holds (floor, frontier] of the stream. */
  claimed(
    state: StreamState<B>,
    claim: { peer: NodeId; floor: number; frontier: number; isUrgent: boolean },
    nowMs: number,
  ): void {
    let need = this.#needs.get(state.stream.id);
    if (need === undefined) {
      if (this.#needs.size >= NEEDS_MAX) return;
      const readyAtMs = nowMs + CLAIM_GRACE_MS;
      need = { state, holders: new Map(), readyAtMs, pull: undefined, blockedSinceMs: undefined };
      this.#needs.set(state.stream.id, need);
    }
    if (claim.isUrgent) need.readyAtMs = nowMs;
    const holder = need.holders.get(claim.peer);
    const frontier = Math.max(claim.frontier, holder?.frontier ?? 0);
    need.holders.set(claim.peer, { floor: claim.floor, frontier, retryAtMs: holder?.retryAtMs ?? 0 });
    this.#next(need, nowMs);
  }

  /** A bundle of the stream came in from `peer`. */
  progressed(state: StreamState<B>, peer: NodeId, nowMs: number): void {
    const need = this.#needs.get(state.stream.id);
    if (need === undefined) return;
    need.blockedSinceMs = undefined;
    if (need.pull?.peer === peer) need.pull.deadlineMs = nowMs + PULL_TIMEOUT_MS;
    if (need.pull === undefined && rangeOf(need) === undefined) this.#needs.delete(state.stream.id);
  }

  pulled(peer: NodeId, frame: PulledFrame, nowMs: number): void {
    const need = this.#needs.get(frame.stream);
    const pull = need?.pull;
    if (need === undefined || pull?.peer !== peer) return;
    this.#endPull(need);
    const holder = need.holders.get(peer);
    if (holder !== undefined) {
      holder.floor = frame.floor;
      if (frame.isBusy) holder.retryAtMs = nowMs + BUSY_RETRY_MS;
      else if (frame.floor <= pull.after && reachOf(need) <= pull.after) need.holders.delete(peer);
    }
    this.#next(need, nowMs);
  }

  linkDown(peer: NodeId, nowMs: number): void {
    for (const need of this.#needs.values()) {
      need.holders.delete(peer);
      if (need.pull?.peer === peer) this.#endPull(need);
      this.#next(need, nowMs);
    }
    this.#pullsOf.delete(peer);
  }

  forget(stream: StreamId): void {
    const need = this.#needs.get(stream);
    if (need?.pull !== undefined) this.#endPull(need);
    this.#needs.delete(stream);
  }

  /** Starts what waited, and looks after holders that do not answer. */
  tick(nowMs: number): void {
    for (const need of this.#needs.values()) {
      if (need.pull !== undefined && need.pull.deadlineMs <= nowMs) {
        need.holders.delete(need.pull.peer);
        this.#endPull(need);
      }
      this.#next(need, nowMs);
      if (need.pull === undefined && isReady(need, nowMs)) this.#lookBlocked(need, nowMs);
    }
  }

  #next(need: Need<B>, nowMs: number): void {
    if (need.pull !== undefined) return;
    const range = rangeOf(need);
    if (range === undefined) {
      this.#needs.delete(need.state.stream.id);
      return;
    }
    if (!isReady(need, nowMs)) return;
    const peer = this.#choose(need, range.after, nowMs);
    if (peer === undefined) return;
    need.blockedSinceMs = undefined;
    need.pull = { peer, after: range.after, deadlineMs: nowMs + PULL_TIMEOUT_MS };
    this.#pullsOf.set(peer, this.#pullsFrom(peer) + 1);
    const frame = { type: 'pull', stream: need.state.stream.id, ...range, bytesMax: PULL_BYTES } as const;
    this.ports.emit({ type: 'send', peer, lane: 'control', frame });
  }

  /** The least busy of the holders that can continue right after `after`. */
  #choose(need: Need<B>, after: number, nowMs: number): NodeId | undefined {
    let chosen: NodeId | undefined;
    let fewest = PULLS_PER_PEER_MAX;
    for (const [peer, holder] of need.holders) {
      if (!this.links.has(peer) || holder.retryAtMs > nowMs) continue;
      if (holder.floor > after || holder.frontier <= after || this.#pullsFrom(peer) >= fewest) continue;
      chosen = peer;
      fewest = this.#pullsFrom(peer);
    }
    return chosen;
  }

  #lookBlocked(need: Need<B>, nowMs: number): void {
    const { state } = need;
    const range = rangeOf(need);
    if (range === undefined) return;
    const holders = [...need.holders].filter(([peer]) => this.links.has(peer));
    const floors = holders.map(([, holder]) => holder.floor).filter((floor) => floor > range.after);
    // A holder that is only busy has it still.
    if (holders.some(([, holder]) => holder.floor <= range.after && holder.frontier > range.after)) return;
    const { aheadFrom } = state.window;
    if (floors.length === 0 && aheadFrom === undefined && state.history === undefined) {
      this.#needs.delete(state.stream.id);
      return;
    }
    if (need.blockedSinceMs === undefined) {
      need.blockedSinceMs = nowMs;
      this.ports.askAll(state.stream.topic);
      return;
    }
    const waitedMs = nowMs - need.blockedSinceMs;
    if (range.isHistory) {
      if (waitedMs >= GAP_WAIT_MS.holders) this.ports.giveUpHistory(state);
      return;
    }
    if (waitedMs < this.#gapWaitMs(need)) return;
    this.ports.giveUp(state, Math.min(...floors, aheadFrom === undefined ? Infinity : aheadFrom - 1));
  }

  #gapWaitMs({ state, holders }: Need<B>): number {
    const { publisher, topic } = state.stream;
    const own = holders.get(publisher);
    if (own !== undefined && own.floor > state.window.frontier && this.links.has(publisher))
      return GAP_WAIT_MS.publisher;
    const mayComeBack = this.directory
      .members()
      .some(
        ({ id, state: memberState }) =>
          id !== this.self &&
          memberState !== 'left' &&
          !this.links.has(id) &&
          (id === publisher || this.directory.interestSince(id, topic) !== undefined),
      );
    return mayComeBack ? GAP_WAIT_MS.absent : GAP_WAIT_MS.holders;
  }

  #pullsFrom(peer: NodeId): number {
    return this.#pullsOf.get(peer) ?? 0;
  }

  #endPull(need: Need<B>): void {
    const peer = need.pull?.peer;
    need.pull = undefined;
    if (peer !== undefined) this.#pullsOf.set(peer, Math.max(0, this.#pullsFrom(peer) - 1));
  }
}

interface Range {
  readonly after: number;
  readonly to: number;
  readonly isHistory: boolean;
}

/** What is missing next: first what is new, then the history that was asked for. */
function rangeOf<B extends BundlePlace>({ state, holders }: Need<B>): Range | undefined {
  const { frontier, aheadFrom, floor } = state.window;
  let to = aheadFrom === undefined ? 0 : aheadFrom - 1;
  if (to === 0) for (const holder of holders.values()) to = Math.max(to, holder.frontier);
  if (to > frontier) return { after: frontier, to, isHistory: false };
  if (state.history === undefined) return undefined;
  return { after: state.history.frontier, to: floor, isHistory: true };
}

function isReady<B extends BundlePlace>({ readyAtMs, state }: Need<B>, nowMs: number): boolean {
  return Math.max(readyAtMs, state.pausedUntilMs) <= nowMs;
}

function reachOf<B extends BundlePlace>(need: Need<B>): number {
  return rangeOf(need)?.after ?? Infinity;
}
