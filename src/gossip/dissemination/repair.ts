/**
 * Pulls what is missing: per stream one pull at a time, from one holder that claims to have it, until the stream reaches what was
 * claimed. A holder that vanishes, is busy or brings nothing is left for the next one. When nobody can continue at our frontier for
 * long enough, the part up to the next that can be had is given up and told as a gap: up to a verified bundle that waits, or to the
 * floor that the publisher itself names. What others say of their floors only tells where to look for such a bundle, as anybody may
 * claim anything. Comparing who has what is `summaries.ts`.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { DirectoryView } from '../../peers/directory-view.js';
import type { PulledFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import { isOwnWord } from './own-word.js';
import type { StreamState } from './stream-table.js';
import type { Stream, StreamId } from '../bundles/stream.js';

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
/** A holder that brought nothing usable is asked for the same again after this long, twice as long each time. */
export const FAILED_RETRY_MS = { min: 500, max: 60_000 };
/** After so many pulls in vain a holder is taken not to have what it claims. */
export const FAILED_MAX = 3;
/** Before a gap is told: the publisher itself no longer has it; no node that lives has it; one that is out of reach may have it. */
export const GAP_WAIT_MS = { publisher: 1_000, holders: 3_000, absent: 60_000 };

interface Holder {
  floor: number;
  frontier: number;
  retryAtMs: number;
  /** Pulls of what follows `after` that brought nothing of it; the last one came up to `upTo`. */
  failed: { readonly after: number; readonly times: number; readonly upTo: number } | undefined;
}

interface Pull {
  readonly peer: NodeId;
  /** What is missing follows this. */
  readonly after: number;
  /** What was asked for follows this. */
  readonly from: number;
  deadlineMs: number;
}

interface Need<B extends BundlePlace> {
  readonly state: StreamState<B>;
  readonly holders: Map<NodeId, Holder>;
  readyAtMs: number;
  pull: Pull | undefined;
  /** Nobody could continue after this seq, since then. */
  blocked: { readonly after: number; readonly sinceMs: number } | undefined;
}

export interface RepairPorts<B extends BundlePlace> {
  emit(output: GossipOutput<B>): void;
  /** Nobody has the stream up to `to` any more. */
  giveUp(state: StreamState<B>, to: number): void;
  /** The history that was asked for is nowhere to be had. */
  giveUpHistory(state: StreamState<B>): void;
  /** Ask all linked peers what they hold of a topic. */
  askAll(topic: string): void;
  /** Whether anybody gets the topic from here. */
  isWanted(topic: string): boolean;
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
    const need = isOffer(state.stream, claim) ? this.#needOf(state, nowMs) : this.#needs.get(state.stream.id);
    if (need === undefined) return;
    if (claim.isUrgent) need.readyAtMs = nowMs;
    const holder = need.holders.get(claim.peer);
    const frontier = Math.max(claim.frontier, holder?.frontier ?? 0);
    const { retryAtMs = 0, failed } = holder ?? {};
    need.holders.set(claim.peer, { floor: claim.floor, frontier, retryAtMs, failed });
    this.#next(need, nowMs);
  }

  /** More of the stream is missing than before: what is being pulled may not be it, and if no holder is known all are asked. */
  seek(state: StreamState<B>, nowMs: number): void {
    const need = this.#needOf(state, nowMs);
    if (need === undefined) return;
    this.#endPull(need);
    this.#next(need, nowMs);
  }

  /** A bundle of the stream came in from `peer`. */
  progressed(state: StreamState<B>, peer: NodeId, nowMs: number): void {
    const need = this.#needs.get(state.stream.id);
    if (need === undefined) return;
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
      else if (frame.floor <= pull.from && reachOf(need) <= pull.after) fail(holder, pull, frame.upTo, nowMs);
    }
    this.#next(need, nowMs);
  }

  /** A peer is back, or this node itself: whoever may hold what nobody could bring is heard before anything is given up. */
  hearAgain(): void {
    for (const need of this.#needs.values()) need.blocked = undefined;
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
        const holder = need.holders.get(need.pull.peer);
        if (holder !== undefined) fail(holder, need.pull, need.pull.from, nowMs);
        this.#endPull(need);
      }
      this.#next(need, nowMs);
      if (need.pull === undefined && isReady(need, nowMs)) this.#lookBlocked(need, nowMs);
    }
  }

  #needOf(state: StreamState<B>, nowMs: number): Need<B> | undefined {
    const known = this.#needs.get(state.stream.id);
    if (known !== undefined || this.#needs.size >= NEEDS_MAX) return known;
    const readyAtMs = nowMs + CLAIM_GRACE_MS;
    const need = { state, holders: new Map(), readyAtMs, pull: undefined, blocked: undefined };
    this.#needs.set(state.stream.id, need);
    return need;
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
    const holder = need.holders.get(peer)!;
    if (failuresOf(holder, range.after) === 0) need.blocked = undefined;
    this.#pull(need, peer, { ...range, from: placeIn(holder, range) }, nowMs);
  }

  #pull(need: Need<B>, peer: NodeId, { after, from, to }: { after: number; from: number; to: number }, nowMs: number) {
    need.pull = { peer, after, from, deadlineMs: nowMs + PULL_TIMEOUT_MS };
    this.#pullsOf.set(peer, this.#pullsFrom(peer) + 1);
    const frame = { type: 'pull', stream: need.state.stream.id, after: from, to, bytesMax: PULL_BYTES } as const;
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
    const { after } = range;
    // Nobody tells this node what it does not want: that is no sign of a gap.
    if (!this.ports.isWanted(state.stream.topic)) return this.#drop(need);
    const holders = [...need.holders].filter(([peer]) => this.links.has(peer));
    // A holder that is only busy has it still.
    const hasIt = (holder: Holder): boolean =>
      holder.floor <= after && holder.frontier > after && failuresOf(holder, after) < FAILED_MAX;
    if (holders.some(([, holder]) => hasIt(holder))) return;
    if (holders.length === 0 && state.window.aheadFrom === undefined && state.history === undefined) {
      this.#needs.delete(state.stream.id);
      return;
    }
    if (need.blocked?.after !== after) {
      need.blocked = { after, sinceMs: nowMs };
      this.ports.askAll(state.stream.topic);
      return;
    }
    const waitedMs = nowMs - need.blocked.sinceMs;
    if (!range.isHistory) {
      if (waitedMs >= this.#gapWaitMs(need)) this.#passGap(need, holders, range, nowMs);
    } else if (waitedMs >= GAP_WAIT_MS.holders) this.ports.giveUpHistory(state);
  }

  /** Gives up what nobody has, up to the next that is sure to be there; looks first whether a holder brings more. */
  #passGap(need: Need<B>, holders: readonly [NodeId, Holder][], { after, to }: Range, nowMs: number): void {
    const { stream, window } = need.state;
    const own = this.links.has(stream.publisher) ? need.holders.get(stream.publisher) : undefined;
    const sure = Math.min(
      own !== undefined && own.floor > after ? own.floor : Infinity,
      window.aheadFrom === undefined ? Infinity : window.aheadFrom - 1,
    );
    let [next, floor] = [undefined as NodeId | undefined, sure];
    for (const [peer, holder] of holders) {
      const isHopeless = sure < Infinity && failuresOf(holder, after) >= FAILED_MAX;
      if (isHopeless || holder.floor <= after || holder.floor >= Math.min(floor, holder.frontier)) continue;
      [next, floor] = [peer, holder.floor];
    }
    if (next === undefined) {
      if (sure < Infinity) this.ports.giveUp(need.state, sure);
      else if (holders.every(([, { floor, frontier }]) => Math.max(floor, after) >= frontier)) this.#drop(need);
    } else if (need.holders.get(next)!.retryAtMs <= nowMs) this.#pull(need, next, { after, from: floor, to }, nowMs);
  }

  #gapWaitMs({ state, holders }: Need<B>): number {
    const { stream, window } = state;
    const { publisher, topic } = stream;
    const isOwn = this.links.has(publisher) && isOwnWord(this.directory, publisher, stream);
    if (isOwn && (holders.get(publisher)?.floor ?? 0) > window.frontier) return GAP_WAIT_MS.publisher;
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

  #drop({ state }: Need<B>): void {
    state.window.dropAhead();
    this.forget(state.stream.id);
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

/** A holder that has nothing left cannot show that there ever was more; the publisher's word on its own stream is enough. */
export function isOffer(
  { publisher }: Stream,
  { peer, floor, frontier }: { peer: NodeId; floor: number; frontier: number },
): boolean {
  return peer === publisher || floor < frontier;
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

function failuresOf({ failed }: Holder, after: number): number {
  return failed?.after === after ? failed.times : 0;
}

function fail(holder: Holder, { after, from }: Pull, upTo: number, nowMs: number): void {
  const times = failuresOf(holder, after) + 1;
  holder.failed = { after, times, upTo: upTo > from ? upTo : after };
  holder.retryAtMs = nowMs + Math.min(FAILED_RETRY_MS.max, FAILED_RETRY_MS.min * 2 ** (times - 1));
}

/** What a holder sent in vain may be damaged; behind it there may be something of use. */
function placeIn({ failed }: Holder, { after, to }: Range): number {
  return failed?.after === after && failed.upTo < to ? failed.upTo : after;
}

function isReady<B extends BundlePlace>({ readyAtMs, state }: Need<B>, nowMs: number): boolean {
  return Math.max(readyAtMs, state.pausedUntilMs) <= nowMs;
}

function reachOf<B extends BundlePlace>(need: Need<B>): number {
  return rangeOf(need)?.after ?? Infinity;
}
