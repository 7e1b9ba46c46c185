/**
 * Membership: SWIM (Das, Gupta, Motivala 2002) with Lifeguard's local health and suspicion times (Dadgar, Phillips, Currey
 * 2017), over authenticated links instead of datagrams. Statements are spread to all linked peers rather than piggybacked,
 * and tables are compared when digests differ. Left out: SWIM's bounded piggybacking, as up to `meshLimit` nodes all are
 * linked, and memberlist's rule that one node's verdict kills for all.
 */
import type { NodeRecord } from '../crypto/node-record.js';
import type { Core } from '../runtime/core.js';
import type { Random } from '../runtime/random.js';
import { AccusationBook } from './accusation-book.js';
import type { SignedAccusation } from './accusation.js';
import { Awareness } from './awareness.js';
import type { Directory } from './directory.js';
import { InterestAudit } from './interest-audit.js';
import type { SignedInterestSegment } from './interest-segment.js';
import type { LinkPeer } from './links.js';
import { compareFreshness, isLiveState, type Member, type MemberState } from './member.js';
import type {
  MembershipCoreInput,
  MembershipCoreOutput,
  MembershipInput,
  MembershipTimer,
} from './membership-ports.js';
import type { NodeId } from './node-id.js';
import type { Ack, PeerFrame, Ping, PlainPeerFrame, SyncPage } from './peer-frames.js';
import { Prober } from './prober.js';
import type { Profile } from './profile.js';
import { Suspicions } from './suspicions.js';
import { TableSync } from './table-sync.js';

type RecordInput = Extract<MembershipInput, { type: 'record' }>;

/** Who lives: keeps the directory it is given, and asks its driver for frames, signatures and timers. */
export class MembershipCore implements Core<MembershipCoreInput, MembershipCoreOutput> {
  readonly #self: NodeId;
  readonly #links = new Map<NodeId, LinkState>();
  readonly #heardMs = new Map<NodeId, number>();
  readonly #book = new AccusationBook();
  readonly #awareness = new Awareness();
  readonly #prober: Prober;
  readonly #suspicions: Suspicions;
  readonly #sync: TableSync;
  readonly #audit: InterestAudit;
  #outputs: MembershipCoreOutput[] = [];
  #incarnation: number;
  #lagSeenMs = Number.NEGATIVE_INFINITY;
  #membersRefused = 0;
  /** Peers that have not yet acknowledged that this node leaves. */
  #farewells: Set<NodeId> | undefined;

  constructor(
    private readonly directory: Directory,
    private readonly profile: Profile,
    random: Random,
  ) {
    this.#self = directory.self;
    this.#incarnation = directory.member(this.#self)!.incarnation;
    const world = {
      put: (output: MembershipCoreOutput) => this.#put(output),
      isLinked: (id: NodeId) => this.#links.has(id),
      others: () => this.#others(),
      digest: () => this.directory.digest(),
      reached: (id: NodeId, nowMs: number) => this.#heard(id, nowMs),
      missed: (id: NodeId, nowMs: number) => this.#suspicions.missed(id, nowMs),
      heardMs: (id: NodeId) => this.#heardMs.get(id) ?? Number.NEGATIVE_INFINITY,
      condemned: (id: NodeId, nowMs: number) => this.#condemn(id, nowMs),
      acquitted: (id: NodeId, nowMs: number) => this.#acquit(id, nowMs),
    };
    this.#prober = new Prober(world, profile, this.#awareness, random);
    this.#suspicions = new Suspicions(world, directory, this.#book, profile);
    this.#sync = new TableSync(directory, this.#book);
    this.#audit = new InterestAudit(directory);
  }

  /** Live nodes that hold the newest version of the own interest, of how many; this node included. */
  get known(): { readonly by: number; readonly of: number } {
    return this.#audit.known;
  }

  /** 0 is healthy; Lifeguard's local health. */
  get health(): number {
    return this.#awareness.score;
  }

  /** Strangers turned away because the table is full. */
  get membersRefused(): number {
    return this.#membersRefused;
  }

  /** Whether it would change anything; asked before its signature is verified. */
  isAccusationNews(accusation: SignedAccusation): boolean {
    return accusation.subject === this.#self || this.#book.isNews(accusation);
  }

  handle(input: MembershipCoreInput, nowMs: number): readonly MembershipCoreOutput[] {
    this.#outputs = [];
    switch (input.type) {
      case 'start':
        this.#schedule(0, { kind: 'period', dueMs: nowMs });
        break;
      case 'linkUp':
        this.#onLinkUp(input.peer, nowMs);
        break;
      case 'linkDown':
        this.#onLinkDown(input.peer, nowMs);
        break;
      case 'frame':
        this.#onFrame(input.peer, input.frame, nowMs, input.wallMs);
        break;
      case 'record':
        if (input.record.id === this.#self) this.#onOwnRecord(input, nowMs);
        else this.#onRecord(input, nowMs);
        break;
      case 'accusation':
        if (input.accusation.subject === this.#self) this.#refute(input.accusation);
        else this.#onAccusation(input.from, input.accusation, nowMs);
        break;
      case 'segment':
        this.#onSegment(input.from, input.segment);
        break;
      case 'lagged':
        this.#onLagged(input.byMs, nowMs);
        break;
      case 'leave':
        this.#farewells = new Set();
        this.#put({ type: 'incarnate', incarnation: ++this.#incarnation, status: 'left' });
        break;
      case 'timer':
        this.#onTimer(input.timer, nowMs);
        break;
    }
    return this.#outputs;
  }

  #onLinkUp(peer: LinkPeer, nowMs: number): void {
    this.#links.set(peer.id, { isSynced: false, mismatches: 0, comparedMs: nowMs });
    this.#prober.linked(peer.id);
    this.#heard(peer.id, nowMs);
    this.#onRecord({ type: 'record', from: peer.id, record: peer.record, jws: peer.recordJws }, nowMs);
    this.#confront(peer.id);
    if (this.#self < peer.id) this.#compareTables(peer.id, nowMs);
    this.#ping([peer.id]);
    const known = this.#audit.receipt(peer.id);
    if (known !== undefined) this.#send([peer.id], known);
  }

  #onLinkDown(peer: NodeId, nowMs: number): void {
    if (!this.#links.delete(peer)) return;
    this.#farewells?.delete(peer);
    const { linkGraceMs } = this.profile;
    if (this.directory.isLive(peer)) {
      this.#schedule(linkGraceMs, { kind: 'link-grace', dueMs: nowMs + linkGraceMs, id: peer });
    }
  }

  #onFrame(peer: NodeId, frame: PlainPeerFrame, nowMs: number, wallMs: number): void {
    if (!this.#links.has(peer)) return;
    this.#heard(peer, nowMs);
    switch (frame.type) {
      case 'ping':
        return this.#onPing(peer, frame, nowMs, wallMs);
      case 'ack':
        return this.#onAck(peer, frame, nowMs, wallMs);
      case 'ping-request':
        return this.#prober.asked(peer, frame, nowMs);
      case 'ping-result':
        return this.#prober.told(peer, frame, nowMs);
      case 'known':
        if (this.#audit.acknowledged(peer, frame)) this.#put({ type: 'knownChanged' });
        return;
      case 'sync-page':
        return this.#onSyncPage(peer, frame, nowMs);
      case 'sync-request': {
        const asked = frame.ids.map((id) => this.directory.member(id)).filter((member) => member !== undefined);
        this.#sync.tell(asked, nowMs).forEach((told) => this.#send([peer], told));
      }
    }
  }

  #onPing(peer: NodeId, ping: Ping, nowMs: number, wallMs: number): void {
    this.#send([peer], { type: 'ack', probe: ping.probe, digest: this.directory.digest(), wallMs });
    this.#confront(peer);
    this.#compareDigests(peer, ping.digest, nowMs);
  }

  #onAck(peer: NodeId, ack: Ack, nowMs: number, wallMs: number): void {
    const rttMs = this.#prober.acked(peer, ack.probe, nowMs);
    if (rttMs !== undefined) {
      this.#put({ type: 'measured', peer, rttMs, clockOffsetMs: ack.wallMs + rttMs / 2 - wallMs });
    }
    // Links keep the order: the record of the leave was received before this was answered.
    if (ack.probe === FAREWELL_PROBE && this.#farewells?.delete(peer)) this.#departIfDone();
    this.#compareDigests(peer, ack.digest, nowMs);
  }

  #onSyncPage(peer: NodeId, page: SyncPage, nowMs: number): void {
    const answer = this.#sync.answer(page, nowMs);
    answer.frames.forEach((frame) => this.#send([peer], frame));
    if (answer.wanted.length > 0) this.#send([peer], { type: 'sync-request', ids: answer.wanted });
    const link = this.#links.get(peer);
    if (link !== undefined) this.#links.set(peer, { ...link, mismatches: 0, comparedMs: nowMs });
  }

  #onOwnRecord(input: RecordInput, nowMs: number): void {
    const own = this.directory.member(this.#self)!;
    const { record, jws } = input;
    if (input.from !== this.#self) {
      if (record.epoch > own.epoch) this.#put({ type: 'clashed', epoch: record.epoch });
      else if (record.epoch === own.epoch && record.incarnation > this.#incarnation)
        this.#incarnate(record.incarnation);
      return;
    }
    if (!this.directory.putRecord(record, jws, { state: 'alive', sinceMs: nowMs })) return;
    this.#incarnation = Math.max(this.#incarnation, record.incarnation);
    this.#put({ type: 'memberChanged', id: this.#self, from: own.state, to: record.status });
    this.#spreadRecord(this.#self, this.#self);
    if (this.#farewells !== undefined && record.status === 'left') this.#sayFarewell(this.#farewells, nowMs);
  }

  #onRecord(input: RecordInput, nowMs: number): void {
    const { from, record, jws, seen } = input;
    const known = this.directory.member(record.id);
    const order = known === undefined ? 1 : compareFreshness(record, known);
    if (order < 0 && known !== undefined) this.#tell(from, known, nowMs);
    const goneMs = seen !== undefined && !isLiveState(seen.state) ? seen.stateAgeMs : 0;
    if (order <= 0 || goneMs >= this.profile.forgetMs) return;
    if (known === undefined && !this.#makeRoom()) return;
    // Whoever was never alive here may be entered as dead; who is alive here is accused and may refute.
    const isDead = seen?.state === 'dead' && !this.directory.isLive(record.id);
    this.directory.putRecord(record, jws, { state: isDead ? 'dead' : 'alive', sinceMs: nowMs - goneMs });
    this.#book.drop(record.id);
    this.#suspicions.drop(record.id);
    if (known === undefined || known.epoch < record.epoch) this.#audit.forget(record.id);
    this.#changed(record.id, known?.state, nowMs);
    this.#spreadRecord(record.id, from);
  }

  #onAccusation(from: NodeId, accusation: SignedAccusation, nowMs: number): void {
    const { subject } = accusation;
    const member = this.directory.member(subject);
    const order = member === undefined ? 1 : compareFreshness(accusation, member);
    if (member === undefined || order > 0) return this.#ask(from, subject);
    if (order < 0) return this.#tell(from, member, nowMs);
    if (member.state === 'left') return;
    const frame: PeerFrame = { type: 'accusations', accusations: [accusation] };
    // Known and still not refuted: perhaps the accused itself has not heard of it.
    if (!this.#book.add(accusation)) return this.#send([subject], frame);
    this.#spread(frame, [from, accusation.accuser]);
    if (!this.directory.isLive(subject)) return;
    this.#suspicions.raise(subject, nowMs);
    // An own look at it either confirms at once or acquits.
    if (from !== this.#self) this.#prober.probe(subject, nowMs);
  }

  #onSegment(from: NodeId, segment: SignedInterestSegment): void {
    const { subject } = segment;
    if (subject === this.#self && from !== this.#self) return;
    if (this.directory.member(subject) === undefined) return this.#ask(from, subject);
    const outcome = this.directory.mergeSegment(segment);
    if (outcome === 'gap') return this.#ask(from, subject);
    if (outcome === 'applied') {
      this.#put({ type: 'interestChanged', id: subject });
      if (subject === this.#self) this.#put({ type: 'knownChanged' });
      this.#spread({ type: 'segments', segments: [segment.bytes] }, [from, subject]);
    }
    const receipt = outcome === 'applied' || from === subject ? this.#audit.receipt(subject) : undefined;
    if (receipt !== undefined) this.#send([subject], receipt);
  }

  /** Whoever is accused of not living, and does, says so with a higher incarnation (SWIM §4.2). */
  #refute(accusation: SignedAccusation): void {
    const own = this.directory.member(this.#self)!;
    const isRefuted = accusation.epoch !== own.epoch || accusation.incarnation < this.#incarnation;
    if (isRefuted || this.#farewells !== undefined) return;
    this.#awareness.blame();
    this.#incarnate(accusation.incarnation);
  }

  #incarnate(above: number): void {
    this.#incarnation = above + 1;
    const status = this.#farewells === undefined ? 'alive' : 'left';
    this.#put({ type: 'incarnate', incarnation: this.#incarnation, status });
  }

  #onTimer(timer: MembershipTimer, nowMs: number): void {
    const lateMs = nowMs - timer.dueMs;
    if (lateMs > this.profile.lagMs) {
      this.#onLagged(lateMs, nowMs);
      // What the timer waits for may lie unread in a socket.
      const afterMs = this.profile.probeTimeoutMs;
      return this.#schedule(afterMs, { ...timer, dueMs: nowMs + afterMs });
    }
    switch (timer.kind) {
      case 'period':
        return this.#onPeriod(nowMs);
      case 'probe-timeout':
        return this.#prober.askForHelp(timer.probe, nowMs);
      case 'probe-over':
        return this.#prober.over(timer.probe, nowMs);
      case 'help-over':
        return this.#prober.helpOver(timer.probe);
      case 'link-grace':
        if (!this.#links.has(timer.id) && this.directory.isLive(timer.id)) this.#prober.probe(timer.id, nowMs);
        return;
      case 'suspicion':
        return this.#suspicions.expired(timer.id, nowMs);
      case 'forget':
        return this.#onForget(timer.id, nowMs);
      case 'leave-over':
        this.#farewells?.clear();
        return this.#departIfDone();
    }
  }

  #onPeriod(nowMs: number): void {
    if (this.#farewells !== undefined) return;
    const afterMs = this.#awareness.stretch(this.profile.periodMs);
    this.#schedule(afterMs, { kind: 'period', dueMs: nowMs + afterMs });
    this.#prober.next(nowMs);
    this.#ping([...this.#links].filter(([, link]) => !link.isSynced).map(([id]) => id));
  }

  #onLagged(byMs: number, nowMs: number): void {
    // All timers of a stall come late; it is one stall.
    if (nowMs - this.#lagSeenMs < this.profile.lagMs) return;
    this.#lagSeenMs = nowMs;
    this.#awareness.blame();
    this.#suspicions.excuse(byMs);
  }

  #onForget(id: NodeId, nowMs: number): void {
    const isGone = this.directory.member(id) !== undefined && !this.directory.isLive(id);
    if (isGone && nowMs - this.directory.stateSinceMs(id) >= this.profile.forgetMs) this.#forget(id);
  }

  #condemn(id: NodeId, nowMs: number): void {
    this.directory.setState(id, 'dead', nowMs);
    this.#changed(id, 'suspect', nowMs);
    if (this.#links.has(id)) this.#put({ type: 'close', peer: id, reason: 'stale' });
  }

  #acquit(id: NodeId, nowMs: number): void {
    this.directory.setState(id, 'alive', nowMs);
    this.#changed(id, 'suspect', nowMs);
    this.#confront(id);
  }

  /** Tells a linked peer what it stands accused of, so that it can refute. */
  #confront(id: NodeId): void {
    if (!this.#links.has(id)) return;
    const accusations = this.#book.against(id);
    const member = this.directory.member(id);
    if (accusations.length > 0) this.#send([id], { type: 'accusations', accusations });
    else if (member?.state === 'dead') {
      const { epoch, incarnation } = member;
      this.#put({
        type: 'accuse',
        accusation: { subject: id, epoch, incarnation, state: 'dead', accuser: this.#self },
      });
    }
  }

  #compareDigests(peer: NodeId, digest: string, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    const isSame = digest === this.directory.digest();
    const mismatches = isSame ? 0 : link.mismatches + 1;
    this.#links.set(peer, { ...link, mismatches, isSynced: link.isSynced || isSame });
    if (isSame && !link.isSynced) this.#put({ type: 'synced', peer });
    const isDue = nowMs - link.comparedMs >= this.profile.periodMs;
    if (mismatches >= MISMATCHES_MAX && isDue) this.#compareTables(peer, nowMs);
  }

  #compareTables(peer: NodeId, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#links.set(peer, { ...link, mismatches: 0, comparedMs: nowMs });
    this.#sync.pages().forEach((page) => this.#send([peer], page));
  }

  #changed(id: NodeId, from: MemberState | undefined, nowMs: number): void {
    const to = this.directory.member(id)!.state;
    this.#put({ type: 'memberChanged', id, from, to });
    if (from === undefined || isLiveState(from) !== isLiveState(to)) this.#put({ type: 'knownChanged' });
    if (isLiveState(to)) return;
    const dueMs = this.directory.stateSinceMs(id) + this.profile.forgetMs;
    this.#schedule(Math.max(0, dueMs - nowMs), { kind: 'forget', dueMs, id });
  }

  #makeRoom(): boolean {
    if (!this.directory.isFull) return true;
    const gone = this.directory.longestGone();
    if (gone === undefined) this.#membersRefused++;
    else this.#forget(gone);
    return gone !== undefined;
  }

  #forget(id: NodeId): void {
    this.directory.forget(id);
    this.#book.drop(id);
    this.#suspicions.drop(id);
    this.#audit.forget(id);
    this.#heardMs.delete(id);
    this.#put({ type: 'memberForgotten', id });
  }

  #sayFarewell(farewells: Set<NodeId>, nowMs: number): void {
    for (const id of this.#others()) if (this.#links.has(id)) farewells.add(id);
    const frame: Ping = { type: 'ping', probe: FAREWELL_PROBE, digest: this.directory.digest() };
    this.#send([...farewells], frame);
    const { leaveTimeoutMs } = this.profile;
    this.#schedule(leaveTimeoutMs, { kind: 'leave-over', dueMs: nowMs + leaveTimeoutMs });
    this.#departIfDone();
  }

  #departIfDone(): void {
    if (this.#farewells?.size === 0) this.#put({ type: 'departed' });
  }

  #heard(id: NodeId, nowMs: number): void {
    this.#heardMs.set(id, nowMs);
  }

  #others(): readonly NodeId[] {
    return this.directory.live().flatMap((member) => (member.id === this.#self ? [] : [member.id]));
  }

  #ask(peer: NodeId, about: NodeId): void {
    this.#send([peer], { type: 'sync-request', ids: [about] });
  }

  #tell(peer: NodeId, about: Member, nowMs: number): void {
    this.#sync.tell([about], nowMs).forEach((frame) => this.#send([peer], frame));
  }

  #ping(peers: readonly NodeId[]): void {
    this.#send(peers, { type: 'ping', probe: DIGEST_PROBE, digest: this.directory.digest() });
  }

  #spreadRecord(id: NodeId, from: NodeId): void {
    const { recordJws: jws, state } = this.directory.member(id)!;
    this.#spread({ type: 'records', items: [{ jws, state, stateAgeMs: 0 }] }, [from, id]);
  }

  /** To all linked peers but these; who knows it already does not pass it on, so it ends. */
  #spread(frame: PeerFrame, except: readonly NodeId[]): void {
    this.#send(
      [...this.#links.keys()].filter((id) => !except.includes(id)),
      frame,
    );
  }

  #send(peers: readonly NodeId[], frame: PeerFrame): void {
    const linked = peers.filter((id) => this.#links.has(id));
    if (linked.length > 0) this.#put({ type: 'send', peers: linked, frame });
  }

  #schedule(afterMs: number, timer: MembershipTimer): void {
    this.#put({ type: 'schedule', afterMs, timer });
  }

  #put(output: MembershipCoreOutput): void {
    this.#outputs.push(output);
  }
}

interface LinkState {
  /** The directories were equal once. */
  readonly isSynced: boolean;
  /** Digests that differed in a row. */
  readonly mismatches: number;
  /** When tables were last compared. */
  readonly comparedMs: number;
}

/** Digests differ for a moment at every change; twice in a row something was missed. */
const MISMATCHES_MAX = 2;

/** Numbers of pings that probe nobody: real probes begin at 2. */
const DIGEST_PROBE = 0;
const FAREWELL_PROBE = 1;
