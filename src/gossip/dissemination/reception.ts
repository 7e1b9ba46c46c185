/**
 * What comes in: bundles pushed or pulled, and claims of what others hold. It takes in streams that are wanted here, lets windows put bundles
 * in order, releases what is next, and has repair look after holes. The floor of a stream that is new here is the publisher's
 * word, or, when the publisher is silent, the lowest that a holder names, once a verified bundle shows that there is such a stream. A start that is no more than the floor of whoever names it is
 * a guess: its log may begin later than the interest here. Such a floor stays open: when an earlier start is named later on,
 * what lies between is told as a gap, since delivering it now would break the order, and fetched into the log as history.
 */
import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import type { Audience } from './audience.js';
import type { Claim } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import { Newcomers, type Newcomer } from './newcomers.js';
import { isOwnWord } from './own-word.js';
import { isOffer, type Repair } from './repair.js';
import { endHistory, extentOf, stateOf, type StreamState, type StreamTable } from './stream-table.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { StreamWindow } from './stream-window.js';

/**
 * How long a lower floor may be named: by the publisher when it is linked, else by other holders; longer while all that is known is where
 * holders themselves begin, which says nothing of where the own interest does.
 */
export const FLOOR_WAIT_MS = { publisher: 1_000, holders: 250, unsure: 3_000 };

/** A log that is full is not tried again before. */
export const UNLOGGED_PAUSE_MS = 1_000;

interface Received<B extends BundlePlace> {
  readonly peer: NodeId;
  readonly bundle: B;
  readonly start: number | undefined;
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
  readonly #newcomers = new Newcomers<B>();
  /** A stream of this life of the node. */
  #own: Stream | undefined;

  constructor(
    private readonly links: ReadonlySet<NodeId>,
    private readonly directory: DirectoryView,
    private readonly table: StreamTable<B>,
    private readonly audience: Audience,
    private readonly repair: Repair<B>,
    private readonly ports: ReceptionPorts<B>,
  ) {}

  get newcomers(): number {
    return this.#newcomers.size;
  }

  /** This node publishes in this stream, and so in its life; what it has forgotten of that comes back from nobody. */
  lives(own: Stream): void {
    this.#own ??= own;
  }

  received(data: Received<B> & { readonly isRepair: boolean }, nowMs: number): void {
    const { peer, bundle } = data;
    const state = this.table.get(bundle.stream.id) ?? this.#prove(data, nowMs) ?? this.#meet(data, nowMs);
    if (state === undefined) return;
    if (state.history !== undefined && bundle.lastSeq <= state.window.floor) {
      this.#receivedHistory(state, state.history, data, nowMs);
      return;
    }
    const offer = state.window.offer(bundle);
    if (offer === 'known') this.ports.tell(peer, state);
    else if (offer !== 'full') {
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
    const state = this.table.get(stream.id);
    if (state === undefined) return this.#await(peer, stream, claim, nowMs);
    this.#reviewFloor(peer, state, claim);
    this.#lookForHistory(peer, state, claim, nowMs);
    if (claim.frontier <= state.window.frontier) return true;
    const { floor, frontier } = claim;
    this.repair.claimed(state, { peer, floor, frontier, isUrgent: false }, nowMs);
    return !isOffer(stream, { peer, floor, frontier });
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
  unlogged(id: StreamId, frontier: number | undefined, nowMs: number): void {
    const state = this.table.get(id);
    if (state === undefined) return;
    const { stream, window, history } = state;
    window.fallBack(frontier ?? window.floor);
    state.loggedSeq = Math.min(state.loggedSeq, window.frontier);
    state.pausedUntilMs = nowMs + UNLOGGED_PAUSE_MS;
    if (history !== undefined) this.#beginHistory(state, history.floor);
    if (frontier !== undefined && frontier < window.floor) this.ports.emit(extentOf(state));
    this.table.changed(state, nowMs);
    for (const peer of this.links) this.ports.ask(peer, stream.topic);
  }

  /** History below `floor` was fetched and is gone again: it is looked for once more, after a pause. */
  historyLost(id: StreamId, floor: number, nowMs: number): void {
    const state = this.table.get(id);
    if (state === undefined) return;
    const from = Math.min(state.history?.floor ?? Infinity, state.window.floor);
    state.window.raiseFloor(floor);
    if (from >= state.window.floor) return;
    state.pausedUntilMs = nowMs + UNLOGGED_PAUSE_MS;
    this.#beginHistory(state, from);
    this.repair.seek(state, nowMs);
  }

  /** Retention dropped everything up to `floor`, and with it history on its way: what is older would have to go first. */
  floorMoved(id: StreamId, floor: number): void {
    const state = this.table.get(id);
    if (state === undefined) return;
    state.window.raiseFloor(floor);
    if (state.history === undefined) return;
    state.start = Math.min(state.start, state.history.floor);
    endHistory(state);
  }

  /** Nothing of the stream is taken from now on: what is claimed of it is not looked for. */
  refused(stream: StreamId): void {
    const newcomer = this.#newcomers.get(stream);
    if (newcomer !== undefined) this.#drop(newcomer);
  }

  /** What a peer said of its logs may be different when it comes back. */
  linkDown(peer: NodeId): void {
    for (const state of this.table.streams()) state.openFloor?.heard.delete(peer);
    for (const newcomer of this.#newcomers.all()) {
      newcomer.claims.delete(peer);
      if (newcomer.broughtBy === peer || newcomer.claims.size === 0) this.#drop(newcomer);
    }
  }

  giveUpHistory(state: StreamState<B>): void {
    endHistory(state);
    const topic = this.table.topic(state.stream.topic);
    if (topic !== undefined) topic.isHistoryWanted = false;
  }

  /** Looks into new streams whose publisher did not speak in time. */
  tick(nowMs: number): void {
    for (const newcomer of this.#newcomers.all()) {
      if (!this.audience.isWantedHere(newcomer.stream.topic)) this.#drop(newcomer);
      else if (newcomer.dueMs <= nowMs) this.#begin(newcomer, nowMs);
    }
  }

  /** The first push of a stream: with the publisher's word it is taken in, without it is looked into. */
  #meet(data: Received<B>, nowMs: number): StreamState<B> | undefined {
    const { stream, firstSeq } = data.bundle;
    if (this.#isForgotten(stream) || !this.audience.isWantedHere(stream.topic)) return undefined;
    if (data.peer !== stream.publisher || data.start === undefined) {
      this.ports.ask(data.peer, stream.topic);
      return undefined;
    }
    const known = this.#newcomers.get(stream.id);
    if (known !== undefined) this.#drop(known);
    const start = Math.min(data.start, firstSeq - 1);
    // The push does not say where the publisher's log begins; until its claim does, the floor is open.
    const state = this.#adopt({ stream, start, isSure: start === 0, claims: new Map() }, nowMs);
    if (state?.openFloor !== undefined) this.ports.ask(data.peer, stream.topic);
    return state;
  }

  /** A claim on a stream that is new here; true when there is nothing to be had of it. */
  #await(peer: NodeId, stream: Stream, claim: Claim, nowMs: number): boolean {
    if (this.#isForgotten(stream)) return true;
    if (!this.audience.isWantedHere(stream.topic)) return false;
    const isOwn = isOwnWord(this.directory, peer, stream);
    const isEmpty = peer !== stream.publisher && Math.max(claim.start, this.ports.floorOf(stream)) >= claim.frontier;
    const newcomer =
      this.#newcomers.get(stream.id) ?? (isEmpty ? undefined : this.#newcomers.open(stream, peer, claim.start));
    if (newcomer === undefined) return isEmpty;
    newcomer.claims.set(peer, claim);
    if (newcomer.trial !== undefined && !isOwn && claim.start >= newcomer.start) {
      this.#lookFor(newcomer.trial, newcomer, nowMs);
      return false;
    }
    this.#endTrial(newcomer);
    const isFinal = isOwn && isSure(claim);
    const silentMs = isSure(claim) ? FLOOR_WAIT_MS.holders : FLOOR_WAIT_MS.unsure;
    const isToSpeak = this.links.has(stream.publisher) && isOwnWord(this.directory, stream.publisher, stream);
    const waitMs = isToSpeak ? FLOOR_WAIT_MS.publisher : silentMs;
    newcomer.dueMs = Math.min(newcomer.dueMs, nowMs + (isOwn ? FLOOR_WAIT_MS.holders : waitMs));
    newcomer.start = isFinal ? claim.start : Math.min(newcomer.start, claim.start);
    newcomer.isSure ||= isSure(claim);
    if (isFinal) this.#begin(newcomer, nowMs);
    return false;
  }

  /** Takes a stream in on its publisher's word, which then learns what this node will not have; else tries to get some of it. */
  #begin(newcomer: Newcomer<B>, nowMs: number): void {
    const { stream, claims } = newcomer;
    if (claims.has(stream.publisher)) {
      this.#drop(newcomer);
      const state = this.#adopt(newcomer, nowMs);
      if (state !== undefined) this.ports.tell(stream.publisher, state);
      return;
    }
    const start = Math.max(newcomer.start, this.ports.floorOf(stream));
    newcomer.dueMs = Infinity;
    newcomer.trial = stateOf<B>(stream, { floor: start, frontier: start }, this.table.room);
    if (!this.#lookFor(newcomer.trial, newcomer, nowMs)) this.#drop(newcomer);
  }

  /** A bundle of a stream that was only claimed to be: it is taken in, not above where this bundle begins. */
  #prove({ peer, bundle, start }: Received<B>, nowMs: number): StreamState<B> | undefined {
    const { stream, firstSeq } = bundle;
    const newcomer = this.#newcomers.get(stream.id);
    const state = newcomer?.trial;
    // Where the publisher itself says that it begins counts for more.
    if (newcomer === undefined || state === undefined || (peer === stream.publisher && start !== undefined))
      return undefined;
    this.#newcomers.delete(newcomer);
    if (!this.#hasRoomFor(stream)) {
      this.#endTrial(newcomer);
      return undefined;
    }
    const from = this.ports.floorOf(stream);
    const floor = Math.max(from, Math.min(state.start, firstSeq - 1));
    state.window.lowerFloor(floor);
    state.window.fallBack(floor);
    state.start = state.loggedFrom = state.loggedSeq = state.releasedSeq = floor;
    return this.#takeIn(state, newcomer, from, nowMs);
  }

  #adopt(
    named: Pick<Newcomer<B>, 'stream' | 'start' | 'isSure' | 'claims'>,
    nowMs: number,
  ): StreamState<B> | undefined {
    const { stream } = named;
    if (!this.#hasRoomFor(stream)) return undefined;
    const from = this.ports.floorOf(stream);
    const start = Math.max(named.start, from);
    const state = this.#takeIn(
      stateOf<B>(stream, { floor: start, frontier: start }, this.table.room),
      named,
      from,
      nowMs,
    );
    this.#lookFor(state, named, nowMs);
    return state;
  }

  #takeIn(
    state: StreamState<B>,
    { isSure: isFloorSure, claims }: Pick<Newcomer<B>, 'isSure' | 'claims'>,
    from: number,
    nowMs: number,
  ): StreamState<B> {
    const { stream } = state;
    this.table.insert(state, nowMs);
    if (!isFloorSure) state.openFloor = { from, heard: new Set(claims.keys()) };
    this.ports.opened(stream.topic);
    this.ports.emit(extentOf(state));
    return state;
  }

  /** Has what is claimed pulled; false when nothing is. */
  #lookFor(state: StreamState<B>, { claims }: Pick<Newcomer<B>, 'claims'>, nowMs: number): boolean {
    let isAny = false;
    for (const [peer, { floor, frontier }] of claims) {
      if (frontier <= state.start || !this.links.has(peer)) continue;
      this.repair.claimed(state, { peer, floor, frontier, isUrgent: true }, nowMs);
      isAny = true;
    }
    return isAny;
  }

  #isForgotten({ publisher, epoch }: Stream): boolean {
    return publisher === this.#own?.publisher && epoch === this.#own.epoch;
  }

  #hasRoomFor({ topic }: Stream): boolean {
    return !this.table.isFull && this.audience.isWantedHere(topic);
  }

  #drop(newcomer: Newcomer<B>): void {
    this.#endTrial(newcomer);
    this.#newcomers.delete(newcomer);
  }

  #endTrial(newcomer: Newcomer<B>): void {
    if (newcomer.trial !== undefined) this.repair.forget(newcomer.stream.id);
    newcomer.trial?.window.dropAhead();
    newcomer.trial = undefined;
  }

  /** Another word on where the interest in a stream begins, of which there was none to rely on. */
  #reviewFloor(peer: NodeId, state: StreamState<B>, claim: Claim): void {
    const { openFloor, stream, window, start } = state;
    if (openFloor === undefined) return;
    openFloor.heard.add(peer);
    const named = Math.max(claim.start, openFloor.from);
    if (named < start) {
      this.ports.emit({ type: 'gap', gap: { stream, from: named + 1, to: start, reason: 'late' } });
      // Unless retention has passed it already.
      if (state.history !== undefined || window.floor === start) this.#beginHistory(state, named);
      state.start = named;
    }
    if (!isSure(claim)) return;
    state.openFloor = undefined;
    this.ports.emit(extentOf(state));
  }

  /** History that is on its way comes from whoever has it; more of it when the own interest was extended to the past. */
  #lookForHistory(peer: NodeId, state: StreamState<B>, claim: Claim, nowMs: number): void {
    const isWanted = this.table.topic(state.stream.topic)?.isHistoryWanted === true;
    const isMore = isWanted && claim.start < state.start && state.window.floor !== 0;
    if (isMore && claim.start < (state.history?.floor ?? Infinity)) this.#beginHistory(state, claim.start);
    const { history } = state;
    if (history === undefined || (!isMore && claim.floor > history.frontier)) return;
    const { floor, frontier } = claim;
    this.repair.claimed(state, { peer, floor, frontier, isUrgent: true }, nowMs);
  }

  #beginHistory(state: StreamState<B>, floor: number): void {
    state.history?.dropAhead();
    state.history = new StreamWindow<B>(floor, floor, this.table.room);
  }

  #receivedHistory(
    state: StreamState<B>,
    history: StreamWindow<B>,
    { peer, bundle }: { peer: NodeId; bundle: B },
    nowMs: number,
  ): void {
    history.offer(bundle);
    for (let ready = history.takeNext(); ready !== undefined; ready = history.takeNext()) {
      this.ports.emit({ type: 'backfill', bundle: ready.bundle, fromSeq: ready.fromSeq });
    }
    if (history.frontier >= state.window.floor) {
      state.history = undefined;
      state.start = history.floor;
      state.window.lowerFloor(history.floor);
      this.ports.emit(extentOf(state));
      this.ports.lowered(state);
    }
    this.repair.progressed(state, peer, nowMs);
  }
}

/** Whoever holds something from before the interest, or all there ever was, knows where the interest begins. */
function isSure(claim: Claim): boolean {
  return claim.floor === 0 || claim.start > claim.floor;
}
