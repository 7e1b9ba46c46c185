/**
 * The core of gossip: joins streams, dissemination, repair, relays, flow and acknowledgements behind one `handle`. It sees only
 * verified bundles, and of those only their place and size; sealing, keys, the log and delivery are the driver's.
 */
import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import type { Core } from '../../runtime/core.js';
import type { Random } from '../../runtime/random.js';
import { Acknowledgements, type Confirmation } from './acknowledgements.js';
import { Audience } from './audience.js';
import { Dissemination } from './dissemination.js';
import { Flow } from './flow.js';
import { Confirming, loggedOf } from './confirming.js';
import type { AckFrame, CoreFrame, ExtentsFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipInput, GossipOutput, GossipTimer, GossipWorld } from './gossip-protocol.js';
import { Reception } from './reception.js';
import { Repair } from './repair.js';
import { Serving } from './serving.js';
import { streamOf, type StreamId } from '../bundles/stream.js';
import { endHistory, extentOf, StreamTable, type StreamState } from './stream-table.js';
import { Summaries } from './summaries.js';
import { TopicWalk, WALK_PAUSE_MS } from './topic-walk.js';
import { Unsaved } from './unsaved.js';
import { Wants } from './wants.js';

/** Between two rounds of telling and asking, half of it to one and a half. */
export const ROUND_MS = 1_000;
/** After links or the directory changed a round comes this soon; changes in between share it. */
const ROUND_SOON_MS = 20;
/** While anything waits, it is looked after this often. */
const TICK_MS = 50;

export class GossipCore<B extends BundlePlace> implements Core<GossipInput<B>, GossipOutput<B>> {
  readonly #links = new Set<NodeId>();
  readonly #table = new StreamTable<B>();
  readonly #unsaved = new Unsaved(this.#table);
  readonly #flow: Flow;
  readonly #acknowledgements: Acknowledgements;
  readonly #audience: Audience;
  readonly #summaries: Summaries<B>;
  readonly #dissemination: Dissemination<B>;
  readonly #repair: Repair<B>;
  readonly #reception: Reception<B>;
  readonly #wants: Wants<B>;
  readonly #serving: Serving<B>;
  readonly #confirming: Confirming<B>;
  /** The next round goes over all topics and not only over those that changed. */
  #isAllToBeTold = false;
  readonly #walk = new TopicWalk();
  /** What is under way goes over all topics. */
  #isWalkOverAll = false;
  #roundDueMs = Infinity;
  #tickDueMs = Infinity;
  #nowMs = 0;
  #out: GossipOutput<B>[] = [];

  constructor(
    private readonly self: NodeId,
    directory: DirectoryView,
    world: GossipWorld,
    private readonly random: Random,
  ) {
    const emit = (output: GossipOutput<B>): void => void this.#out.push(output);
    this.#flow = new Flow(self);
    this.#acknowledgements = new Acknowledgements(self, directory, (id, confirmation) =>
      emit({ type: 'reached', id, ...confirmation }),
    );
    this.#audience = new Audience(self, directory, world, this.#links, emit);
    this.#summaries = new Summaries(this.#table, this.#audience, world, emit);
    this.#dissemination = new Dissemination(
      this.#table,
      this.#audience,
      this.#flow,
      this.#acknowledgements,
      this.#summaries,
      emit,
    );
    this.#repair = new Repair(this.self, this.#links, directory, {
      emit,
      giveUp: (state, to) => this.#giveUp(state, to),
      giveUpHistory: (state) => this.#reception.giveUpHistory(state),
      isWanted: (topic) => this.#audience.isWantedHere(topic),
      askAll: (topic) => this.#links.forEach((peer) => this.#summaries.ask(peer, topic, this.#nowMs)),
    });
    this.#reception = new Reception(this.#links, directory, this.#table, this.#audience, this.#repair, {
      emit,
      released: (state, bundle) => this.#dissemination.relay(state, bundle, this.#nowMs),
      tell: (peer, state) => this.#confirming.tell(peer, state),
      ask: (peer, topic) => this.#summaries.ask(peer, topic, this.#nowMs),
      floorOf: (stream) => this.#wants.floorOf(stream),
      opened: (topic) => this.#wants.opened(topic),
      lowered: (state) => this.#summaries.announceToAll(this.#links, state),
    });
    this.#serving = new Serving(this.#table, this.#dissemination, emit);
    this.#confirming = new Confirming({
      self,
      links: this.#links,
      table: this.#table,
      audience: this.#audience,
      flow: this.#flow,
      acknowledgements: this.#acknowledgements,
      dissemination: this.#dissemination,
      emit,
    });
    this.#wants = new Wants(self, directory, this.#table, this.#audience, world, (state, restartsAtMs) =>
      this.#forget(state, restartsAtMs),
    );
  }

  /** Streams that are claimed to be, and not taken in. */
  get newcomers(): number {
    return this.#reception.newcomers;
  }

  get hasRoom(): boolean {
    return this.#flow.hasRoom;
  }

  /** Something that a linked peer holds and this node wants is not here yet. */
  get isMissingAnything(): boolean {
    return this.#repair.needs > 0;
  }

  /** Something that was pushed is not confirmed yet. */
  get isUnconfirmed(): boolean {
    return !this.#flow.isIdle;
  }

  /** Whether a bundle with these seqs would bring nothing: asked before it is verified. */
  isKnown(stream: StreamId, firstSeq: number, lastSeq: number): boolean {
    const state = this.#table.get(stream);
    if (state === undefined || (state.history !== undefined && lastSeq <= state.window.floor)) return false;
    return state.window.isKnown(firstSeq, lastSeq);
  }

  /** Whether a message was released that the log refused, and is to be fetched once more. */
  isUnlogged(stream: StreamId, seq: number): boolean {
    const state = this.#table.get(stream);
    return state !== undefined && state.window.frontier < seq && seq <= state.releasedSeq;
  }

  confirmationOf(stream: StreamId, seq: number): Confirmation {
    return this.#acknowledgements.confirmationOf(stream, seq);
  }

  handle(input: GossipInput<B>, nowMs: number): readonly GossipOutput<B>[] {
    this.#nowMs = nowMs;
    this.#out = [];
    this.#handle(input, nowMs);
    if (this.#flow.review()) this.#out.push({ type: 'roomChanged', hasRoom: this.#flow.hasRoom });
    this.#arm(nowMs);
    return this.#out;
  }

  #handle(input: GossipInput<B>, nowMs: number): void {
    switch (input.type) {
      case 'restored':
        for (const { stream, floor, frontier, openFrom } of input.extents) {
          const state = this.#table.add(stream, { floor, frontier }, nowMs);
          if (openFrom !== undefined) state.openFloor = { from: openFrom, heard: new Set() };
        }
        break;
      case 'linkUp':
        this.#onLinkUp(input.peer, nowMs);
        break;
      case 'linkDown':
        this.#onLinkDown(input.peer, nowMs);
        break;
      case 'directoryChanged':
        this.#audience.changed(nowMs);
        this.#acknowledgements.review();
        this.#roundSoon(nowMs);
        break;
      case 'published':
        this.#onPublished(input.bundle, nowMs);
        break;
      case 'received':
        this.#reception.received(input, nowMs);
        break;
      case 'frame':
        this.#onFrame(input.peer, input.frame, nowMs);
        break;
      case 'logged':
        this.#confirming.logged(input.entries, nowMs);
        break;
      case 'unlogged':
        this.#reception.unlogged(input.stream, input.frontier, nowMs);
        break;
      case 'unsaved':
        this.#unsaved.add(input.stream);
        break;
      case 'refused':
        this.#repair.forget(input.stream);
        this.#reception.refused(input.stream);
        break;
      case 'floorMoved':
        this.#reception.floorMoved(input.stream, input.floor);
        break;
      case 'retired': {
        const state = this.#table.get(input.stream);
        if (state !== undefined && state.window.floor === state.window.frontier) this.#forget(state);
        break;
      }
      case 'historyLost':
        this.#reception.historyLost(input.stream, input.floor, nowMs);
        break;
      case 'served':
        this.#serving.served(input.peer, input, nowMs);
        break;
      case 'await':
        this.#acknowledgements.await(input.stream, input);
        break;
      case 'abandon':
        this.#acknowledgements.abandon(input.id);
        break;
      case 'timer':
        if (input.timer === 'round') this.#onRound(nowMs);
        else this.#onTick(nowMs);
        break;
    }
  }

  #onLinkUp(peer: NodeId, nowMs: number): void {
    this.#links.add(peer);
    this.#summaries.linkUp(peer);
    this.#dissemination.linkUp(peer);
    this.#audience.changed(nowMs);
    this.#audience.linkUp();
    this.#acknowledgements.linkUp(peer);
    this.#confirming.linkUp(peer);
    this.#repair.hearAgain();
    this.#roundSoon(nowMs);
  }

  #onLinkDown(peer: NodeId, nowMs: number): void {
    this.#links.delete(peer);
    this.#serving.linkDown(peer);
    this.#summaries.linkDown(peer);
    this.#dissemination.linkDown(peer);
    this.#flow.linkDown(peer);
    this.#audience.linkDown(peer);
    this.#audience.changed(nowMs);
    this.#repair.linkDown(peer, nowMs);
    this.#reception.linkDown(peer);
    this.#roundSoon(nowMs);
  }

  #onPublished(bundle: B, nowMs: number): void {
    const { stream, firstSeq, lastSeq, byteLength } = bundle;
    this.#reception.lives(stream);
    const floor = firstSeq - 1;
    const state = this.#table.get(stream.id) ?? this.#table.add(stream, { floor, frontier: floor }, nowMs);
    this.#acknowledgements.open(stream);
    this.#flow.pushed(this.self, { stream: stream.id, lastSeq, byteLength }, nowMs);
    const receivers = this.#dissemination.publish(state, bundle, nowMs);
    state.window.offer(bundle);
    this.#reception.release(state, nowMs);
    if (receivers === 0) this.#out.push({ type: 'arrived', stream: stream.id, seq: lastSeq });
  }

  #onFrame(peer: NodeId, frame: CoreFrame, nowMs: number): void {
    if (!this.#links.has(peer)) return;
    switch (frame.type) {
      case 'ack':
        this.#confirming.heard(peer, frame, nowMs);
        break;
      case 'declined':
        this.#confirming.declined(peer, frame, nowMs);
        break;
      case 'summary':
        this.#summaries.heard(peer, frame, nowMs);
        break;
      case 'extentsRequest':
        for (const topic of new Set(frame.topics)) {
          this.#confirming.reconsidered(peer, topic);
          this.#summaries.explain(peer, topic, nowMs);
        }
        break;
      case 'extents':
        this.#onExtents(peer, frame, nowMs);
        break;
      case 'pull':
        this.#serving.pull(peer, frame, nowMs);
        break;
      case 'pulled':
        this.#repair.pulled(peer, frame, nowMs);
        break;
      case 'relayRequest':
      case 'relaying':
        if (this.#audience.handle(peer, frame, nowMs)) this.#roundSoon(nowMs);
        break;
    }
  }

  #onExtents(peer: NodeId, frame: ExtentsFrame, nowMs: number): void {
    if (!this.#audience.isWantedHere(frame.topic)) return;
    let isCovered = true;
    const acks: AckFrame['entries'][number][] = [];
    for (const claim of frame.streams) {
      const stream = streamOf(frame.topic, claim.publisher, claim.epoch);
      if (!this.#reception.claimed(peer, stream, claim, nowMs)) isCovered = false;
      // Whoever thinks that this node lags learns how far it is.
      const state = this.#table.get(stream.id);
      if (state !== undefined && !frame.isLast) acks.push(loggedOf(state));
    }
    this.#summaries.explained(peer, frame, isCovered);
    this.#confirming.send(peer, acks);
  }

  /** Tells what changed, a slice at a time, and asks again for what is still missing. */
  #onRound(nowMs: number): void {
    if (nowMs < this.#roundDueMs) return;
    this.#roundDueMs = Infinity;
    if (!this.#walk.isUnderWay) this.#beginRound(nowMs);
    const topics = this.#walk.slice(this.#links.size);
    if (this.#isWalkOverAll) this.#wants.review(topics, nowMs);
    for (const peer of this.#links) this.#summaries.tell(peer, topics);
    if (this.#walk.isUnderWay) this.#schedule('round', WALK_PAUSE_MS, nowMs);
    else if (this.#isAllToBeTold) this.#roundSoon(nowMs);
  }

  #beginRound(nowMs: number): void {
    const changed = this.#table.takeChanged();
    this.#isWalkOverAll = this.#isAllToBeTold;
    this.#isAllToBeTold = false;
    this.#walk.begin(this.#isWalkOverAll ? this.#table.topicNames() : changed);
    for (const peer of this.#links) this.#summaries.round(peer, nowMs);
    this.#wants.sweep(nowMs);
    this.#out.push(...this.#unsaved.takeAll());
  }

  #onTick(nowMs: number): void {
    if (nowMs < this.#tickDueMs) return;
    // Answers lie unread in the sockets of a node that stood still.
    if (nowMs - this.#tickDueMs > 5 * TICK_MS) this.#repair.hearAgain();
    this.#tickDueMs = Infinity;
    for (const { peer, streams } of this.#flow.takeStalled(nowMs)) {
      for (const stream of streams) {
        this.#dissemination.lag(peer, stream);
        const state = this.#table.get(stream);
        if (state?.stream.publisher !== this.self) continue;
        this.#out.push({ type: 'arrived', stream, seq: state.window.frontier });
      }
    }
    this.#reception.tick(nowMs);
    this.#repair.tick(nowMs);
    this.#dissemination.tick(nowMs);
    if (this.#audience.tick(() => this.#table.topicNames(), nowMs)) this.#roundSoon(nowMs);
  }

  #giveUp(state: StreamState<B>, to: number): void {
    const { stream, window } = state;
    const from = Math.max(window.frontier, state.releasedSeq) + 1;
    if (from <= to) this.#out.push({ type: 'gap', gap: { stream, from, to, reason: 'retention' } });
    window.jump(to);
    state.releasedSeq = Math.max(state.releasedSeq, to);
    endHistory(state);
    // What is not here is not confirmed: nobody may take the gap for held.
    state.loggedFrom = to;
    state.loggedSeq = Math.max(state.loggedSeq, to);
    this.#out.push(extentOf(state));
    this.#table.changed(state, this.#nowMs);
    this.#reception.release(state, this.#nowMs);
  }

  #forget(state: StreamState<B>, restartsAtMs?: number): void {
    const { stream } = state;
    if (restartsAtMs === undefined) this.#table.delete(state);
    else this.#table.restart(state, restartsAtMs);
    this.#repair.forget(stream.id);
    this.#dissemination.forget(stream.id);
    this.#summaries.forget(stream.topic);
    this.#acknowledgements.close(stream.id);
    this.#out.push({ type: 'forget', stream });
  }

  #roundSoon(nowMs: number): void {
    this.#isAllToBeTold = true;
    if (this.#roundDueMs <= nowMs + ROUND_SOON_MS) return;
    this.#schedule('round', ROUND_SOON_MS, nowMs);
  }

  /** Wakes up only while there is something to look after. */
  #arm(nowMs: number): void {
    if (this.#roundDueMs === Infinity && this.#links.size > 0)
      this.#schedule('round', this.random.between(0.5, 1.5) * ROUND_MS, nowMs);
    const isWaiting =
      this.#repair.needs + this.#reception.newcomers > 0 ||
      !this.#flow.isIdle ||
      this.#dissemination.isLagging ||
      this.#audience.isWaiting;
    if (isWaiting && this.#tickDueMs > nowMs + TICK_MS) this.#schedule('tick', TICK_MS, nowMs);
  }

  #schedule(timer: GossipTimer, afterMs: number, nowMs: number): void {
    if (timer === 'round') this.#roundDueMs = nowMs + afterMs;
    else this.#tickDueMs = nowMs + afterMs;
    this.#out.push({ type: 'schedule', afterMs, timer });
  }
}
