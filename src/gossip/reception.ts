/**
 * What comes in: bundles pushed or pulled, and claims of what others hold. It takes in streams that are wanted here, lets windows put bundles
 * in order, releases what is next, and has repair look after holes. The floor of a stream that is new here is the publisher's
 * word, or, when the publisher is silent, the lowest that a holder names. A start that is no more than the floor of whoever names it is
 * a guess: its log may begin later than the interest here. Such a floor stays open: when an earlier start is named later on,
 * what lies between is told as a gap, since delivering it now would break the order, and fetched into the log as history.
 */
import type { NodeId } from '../peers/node-id.js';
import type { Audience } from './audience.js';
import type { Claim } from './gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { Repair } from './repair.js';
import type { StreamState, StreamTable } from './stream-table.js';
import type { Stream, StreamId } from './stream.js';
import { StreamWindow } from './stream-window.js';

/** New streams that wait for their publisher's word. */
export const NEWCOMERS_MAX = 16_384;
/**
 * How long a lower floor may be named: by the publisher when it is linked, else by other holders; longer while all that is known is where
 * holders themselves begin, which says nothing of where the own interest does.
 */
export const FLOOR_WAIT_MS = { publisher: 1_000, holders: 250, unsure: 3_000 };

/** A log that is full is not tried again before. */
export const UNLOGGED_PAUSE_MS = 1_000;

interface Newcomer {
  readonly stream: Stream;
  dueMs: number;
  start: number;
  isSure: boolean;
  readonly claims: Map<NodeId, Claim>;
}

export interface ReceptionCounters {
  duplicates: number;
  unwanted: number;
  refused: number;
}

export interface ReceptionPorts<B extends BundlePlace> {
  emit(output: GossipOutput<B>): void;
  /** A bundle was released that others may get from here. */
  released(state: StreamState<B>, bundle: B): void;
  /** The peer should know how far this node is with the stream: it sent what was here already, or publishes it. */
  tell(peer: NodeId, state: StreamState<B>): void;
  ask(peer: NodeId, topic: string): void;
  /** What was released of a stream before the own interest began anew. */
  floorOf(stream: Stream): number;
  /** A stream of this topic was taken in. */
  opened(topic: string): void;
  /** More of the stream's past is here than peers were told. */
  lowered(state: StreamState<B>): void;
}

export class Reception<B extends BundlePlace> {
  readonly counters: ReceptionCounters = { duplicates: 0, unwanted: 0, refused: 0 };
  readonly #newcomers = new Map<StreamId, Newcomer>();

  constructor(
    private readonly links: ReadonlySet<NodeId>,
    private readonly table: StreamTable<B>,
    private readonly audience: Audience,
    private readonly repair: Repair<B>,
    private readonly ports: ReceptionPorts<B>,
  ) {}

  get newcomers(): number {
    return this.#newcomers.size;
  }

  received(data: { peer: NodeId; bundle: B; start: number | undefined; isRepair: boolean }, nowMs: number): void {
    const { peer, bundle } = data;
    const state = this.table.get(bundle.stream.id) ?? this.#meet(data, nowMs);
    if (state === undefined) return;
    if (state.history !== undefined && bundle.lastSeq <= state.window.floor) {
      this.#receivedHistory(state, state.history, data, nowMs);
      return;
    }
    const offer = state.window.offer(bundle);
    if (offer === 'known') {
      this.counters.duplicates++;
      this.ports.tell(peer, state);
    } else if (offer === 'full') this.counters.refused++;
    else {
      state.via = peer;
      this.release(state, nowMs);
    }
    this.repair.progressed(state, peer, nowMs);
    const { aheadFrom, frontier } = state.window;
    if (aheadFrom === undefined || data.isRepair) return;
    // A link keeps the order of what is pushed: what is missing in between is not on its way.
    const claim = { peer, floor: 0, frontier: aheadFrom - 1, isUrgent: true };
    if (aheadFrom > frontier + 1) this.repair.claimed(state, claim, nowMs);
  }

  /** A peer says what it holds of a stream; true when nothing of it is missing here. */
  claimed(peer: NodeId, stream: Stream, claim: Claim, nowMs: number): boolean {
    if (claim.floor > claim.frontier || claim.start > claim.frontier) return true;
    const state = this.table.get(stream.id);
    if (state === undefined) {
      this.#await(peer, stream, claim, nowMs);
      return false;
    }
    this.#reviewFloor(peer, state, claim, nowMs);
    this.#wantHistory(peer, state, claim, nowMs);
    if (claim.frontier <= state.window.frontier) return true;
    this.repair.claimed(state, { peer, floor: claim.floor, frontier: claim.frontier, isUrgent: false }, nowMs);
    return false;
  }

  /** Releases whatever is next, after a bundle came in or a gap was jumped. */
  release(state: StreamState<B>, nowMs: number): void {
    let isChanged = false;
    for (let ready = state.window.takeNext(); ready !== undefined; ready = state.window.takeNext()) {
      isChanged = true;
      const { bundle } = ready;
      // Subscribers get nothing twice, though the log may.
      const fromSeq = Math.max(ready.fromSeq, Math.min(state.releasedSeq, bundle.lastSeq) + 1);
      state.releasedSeq = Math.max(state.releasedSeq, bundle.lastSeq);
      this.ports.emit({ type: 'release', bundle, fromSeq, floor: state.window.floor });
      this.ports.released(state, ready.bundle);
    }
    if (isChanged) this.table.changed(state, nowMs);
  }

  /** The log has the stream only up to `frontier`: the rest, and history on its way, is fetched again after a pause. */
  unlogged(state: StreamState<B>, frontier: number | undefined, nowMs: number): void {
    const { stream, window, history } = state;
    window.fallBack(frontier ?? window.floor);
    state.loggedSeq = Math.min(state.loggedSeq, window.frontier);
    state.pausedUntilMs = nowMs + UNLOGGED_PAUSE_MS;
    if (history !== undefined) state.history = new StreamWindow<B>(history.floor);
    if (frontier !== undefined && frontier < window.floor) {
      this.ports.emit({ type: 'extent', stream, floor: window.floor, frontier: window.frontier });
    }
    this.table.changed(state, nowMs);
    for (const peer of this.links) this.ports.ask(peer, stream.topic);
  }

  /** What a peer said of its logs may be different when it comes back. */
  linkDown(peer: NodeId): void {
    for (const state of this.table.streams()) state.openFloor?.heard.delete(peer);
  }

  giveUpHistory(state: StreamState<B>): void {
    state.history = undefined;
    const topic = this.table.topic(state.stream.topic);
    if (topic !== undefined) topic.isHistoryWanted = false;
  }

  /** Takes in new streams whose publisher did not speak in time. */
  tick(nowMs: number): void {
    for (const newcomer of this.#newcomers.values()) if (newcomer.dueMs <= nowMs) this.#begin(newcomer, nowMs);
  }

  /** The first push of a stream: with the publisher's word it is taken in, without it is looked into. */
  #meet(data: { peer: NodeId; bundle: B; start: number | undefined }, nowMs: number): StreamState<B> | undefined {
    const { stream, firstSeq } = data.bundle;
    if (!this.audience.isWantedHere(stream.topic)) {
      this.counters.unwanted++;
      return undefined;
    }
    if (data.peer !== stream.publisher || data.start === undefined) {
      this.ports.ask(data.peer, stream.topic);
      return undefined;
    }
    const start = Math.min(data.start, firstSeq - 1);
    this.#newcomers.delete(stream.id);
    // The push does not say where the publisher's log begins; until its claim does, the floor is open.
    const state = this.#adopt({ stream, dueMs: nowMs, start, isSure: start === 0, claims: new Map() }, nowMs);
    if (state?.openFloor !== undefined) this.ports.ask(data.peer, stream.topic);
    return state;
  }

  #await(peer: NodeId, stream: Stream, claim: Claim, nowMs: number): void {
    if (!this.audience.isWantedHere(stream.topic)) return;
    const silentMs = isSure(claim) ? FLOOR_WAIT_MS.holders : FLOOR_WAIT_MS.unsure;
    const dueMs = nowMs + (this.links.has(stream.publisher) ? FLOOR_WAIT_MS.publisher : silentMs);
    let newcomer = this.#newcomers.get(stream.id);
    if (newcomer === undefined) {
      if (this.#newcomers.size >= NEWCOMERS_MAX) return;
      newcomer = { stream, dueMs, start: claim.start, isSure: false, claims: new Map() };
      this.#newcomers.set(stream.id, newcomer);
    }
    const isFinal = peer === stream.publisher && isSure(claim);
    newcomer.dueMs = Math.min(newcomer.dueMs, peer === stream.publisher ? nowMs + FLOOR_WAIT_MS.holders : dueMs);
    newcomer.start = isFinal ? claim.start : Math.min(newcomer.start, claim.start);
    newcomer.isSure ||= isSure(claim);
    newcomer.claims.set(peer, claim);
    if (isFinal) this.#begin(newcomer, nowMs);
  }

  /** Takes a stream in by its claims; its publisher learns what this node will not have. */
  #begin(newcomer: Newcomer, nowMs: number): void {
    const state = this.#adopt(newcomer, nowMs);
    const { publisher } = newcomer.stream;
    if (state !== undefined && this.links.has(publisher)) this.ports.tell(publisher, state);
  }

  #adopt({ stream, start: named, isSure, claims }: Newcomer, nowMs: number): StreamState<B> | undefined {
    this.#newcomers.delete(stream.id);
    if (this.table.isFull || !this.audience.isWantedHere(stream.topic)) {
      this.counters.refused++;
      return undefined;
    }
    const from = this.ports.floorOf(stream);
    const start = Math.max(named, from);
    const state = this.table.add(stream, { floor: start, frontier: start }, nowMs);
    if (!isSure) state.openFloor = { from, heard: new Set(claims.keys()) };
    this.ports.opened(stream.topic);
    this.ports.emit({ type: 'extent', stream, floor: start, frontier: start });
    for (const [peer, { floor, frontier }] of claims) {
      if (frontier <= start || !this.links.has(peer)) continue;
      this.repair.claimed(state, { peer, floor, frontier, isUrgent: true }, nowMs);
    }
    return state;
  }

  /** Another word on where the interest in a stream begins, of which there was none to rely on. */
  #reviewFloor(peer: NodeId, state: StreamState<B>, claim: Claim, nowMs: number): void {
    const { openFloor, stream, window, start } = state;
    if (openFloor === undefined) return;
    openFloor.heard.add(peer);
    const named = Math.max(claim.start, openFloor.from);
    if (named < start) {
      this.ports.emit({ type: 'gap', gap: { stream, from: named + 1, to: start, reason: 'late' } });
      // Unless retention has passed it already.
      if (state.history !== undefined || window.floor === start) state.history = new StreamWindow<B>(named);
      state.start = named;
    }
    if (isSure(claim)) state.openFloor = undefined;
    if (state.history === undefined || claim.floor > state.history.frontier) return;
    this.repair.claimed(state, { peer, floor: claim.floor, frontier: claim.frontier, isUrgent: true }, nowMs);
  }

  /** The own interest was extended to the past, and a holder has more of it. */
  #wantHistory(peer: NodeId, state: StreamState<B>, claim: Claim, nowMs: number): void {
    const isWanted = this.table.topic(state.stream.topic)?.isHistoryWanted === true;
    if (!isWanted || claim.start >= state.start || state.window.floor === 0) return;
    if (state.history === undefined || claim.start < state.history.floor) {
      state.history = new StreamWindow<B>(claim.start);
    }
    const { floor, frontier } = claim;
    this.repair.claimed(state, { peer, floor, frontier, isUrgent: true }, nowMs);
  }

  #receivedHistory(
    state: StreamState<B>,
    history: StreamWindow<B>,
    { peer, bundle }: { peer: NodeId; bundle: B },
    nowMs: number,
  ): void {
    if (history.offer(bundle) === 'known') this.counters.duplicates++;
    for (let ready = history.takeNext(); ready !== undefined; ready = history.takeNext()) {
      this.ports.emit({ type: 'backfill', bundle: ready.bundle, fromSeq: ready.fromSeq });
    }
    if (history.frontier >= state.window.floor) {
      state.history = undefined;
      state.start = history.floor;
      state.window.lowerFloor(history.floor);
      const { floor, frontier } = state.window;
      this.ports.emit({ type: 'extent', stream: state.stream, floor, frontier });
      this.ports.lowered(state);
    }
    this.repair.progressed(state, peer, nowMs);
  }
}

/** Whoever holds something from before the interest, or all there ever was, knows where the interest begins. */
function isSure(claim: Claim): boolean {
  return claim.floor === 0 || claim.start > claim.floor;
}
