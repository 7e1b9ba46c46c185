/**
 * Membership: SWIM (Das, Gupta, Motivala 2002) with Lifeguard's local health and suspicion times (Dadgar, Phillips, Currey
 * 2017), over authenticated links instead of datagrams. Statements are spread to all linked peers rather than piggybacked,
 * and tables are compared when digests differ. Left out: SWIM's bounded piggybacking, as up to `meshLimit` nodes all are
 * linked, and memberlist's rule that one node's verdict kills for all.
 */
import type { Core } from '../../runtime/core.js';
import type { Random } from '../../runtime/random.js';
import { AccusationBook } from './accusation-book.js';
import type { SignedAccusation } from './accusation.js';
import { Awareness } from './awareness.js';
import type { Directory } from './directory.js';
import { Farewell, FAREWELL_PROBE } from './farewell.js';
import { InterestAudit } from '../interest/interest-audit.js';
import type { LinkPeer } from '../links/links.js';
import { compareFreshness } from './member.js';
import type { MembershipCoreInput, MembershipCoreOutput, MembershipTimer } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Ack, PeerFrame, Ping, PlainPeerFrame, SyncPage, SyncRequest } from './peer-frames.js';
import { Prober } from './prober.js';
import type { Profile } from './profile.js';
import { Statements, type RecordInput } from './statements.js';
import { Suspicions } from './suspicions.js';
import { TablePulls } from './table-pulls.js';
import { TableSync } from './table-sync.js';

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
  readonly #pulls: TablePulls;
  readonly #audit: InterestAudit;
  readonly #statements: Statements;
  #outputs: MembershipCoreOutput[] = [];
  #lagSeenMs = Number.NEGATIVE_INFINITY;
  #beatDueMs = 0;
  readonly #farewell = new Farewell(() => this.#put({ type: 'departed' }));

  constructor(
    private readonly directory: Directory,
    private readonly profile: Profile,
    random: Random,
  ) {
    this.#self = directory.self;
    const put = (output: MembershipCoreOutput): void => this.#put(output);
    this.#prober = new Prober(
      {
        put,
        isLinked: (id) => this.#links.has(id),
        others: () => this.#others(),
        isMet: (id) => this.#heardMs.has(id),
        digest: () => directory.digest(),
        reached: (id, nowMs) => this.#heard(id, nowMs),
        missed: (id, nowMs) => this.#suspicions.missed(id, nowMs),
      },
      profile,
      this.#awareness,
      random,
    );
    this.#suspicions = new Suspicions(
      {
        put,
        heardMs: (id) => this.#heardMs.get(id) ?? Number.NEGATIVE_INFINITY,
        condemned: (id, nowMs) => this.#onCondemned(id, nowMs),
        acquitted: (id, nowMs) => this.#statements.acquit(id, nowMs),
      },
      directory,
      this.#book,
      profile,
    );
    this.#sync = new TableSync(directory, this.#book);
    this.#pulls = new TablePulls({
      isFresherThere: (entry) => this.#sync.isFresherThere(entry),
      send: (peer, frame) => this.#send([peer], frame),
    });
    this.#audit = new InterestAudit(directory);
    this.#statements = new Statements({
      profile,
      directory,
      book: this.#book,
      suspicions: this.#suspicions,
      audit: this.#audit,
      awareness: this.#awareness,
      sync: this.#sync,
      put,
      send: (peers, frame) => this.#send(peers, frame),
      spread: (frame, except) => this.#spread(frame, except),
      probe: (id, nowMs) => this.#prober.probe(id, nowMs),
      ask: (peer, id, nowMs) => this.#pulls.want(peer, [{ id }], nowMs),
      forgotten: (id) => this.#heardMs.delete(id),
      isMet: (id) => this.#heardMs.has(id),
    });
  }

  /** Live nodes that hold the newest version of the own interest, of how many; this node included. */
  get known(): { readonly by: number; readonly of: number } {
    return this.#audit.known;
  }

  /** 0 is healthy; Lifeguard's local health. */
  get health(): number {
    return this.#awareness.score;
  }

  /** When a sign of life of a node was last had here, directly or through others that were asked. */
  signOfLifeMs(id: NodeId): number | undefined {
    return this.#heardMs.get(id);
  }

  /** Strangers turned away because the table is full. */
  get membersRefused(): number {
    return this.#statements.membersRefused;
  }

  /** Whether it would change anything; asked before its signature is verified. */
  isAccusationNews(accusation: SignedAccusation): boolean {
    const isOwn = accusation.subject === this.#self;
    return isOwn
      ? compareFreshness(accusation, this.directory.member(this.#self)!) >= 0
      : this.#book.isNews(accusation);
  }

  handle(input: MembershipCoreInput, nowMs: number): readonly MembershipCoreOutput[] {
    this.#outputs = [];
    switch (input.type) {
      case 'start':
        this.#schedule(0, { kind: 'period', dueMs: nowMs });
        this.#beat(nowMs);
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
        if (input.from === this.#self) this.#onOwnRecord(input, nowMs);
        else this.#statements.record(input, nowMs);
        break;
      case 'accusation':
        this.#statements.accusation(input.from, input.accusation, nowMs);
        break;
      case 'segment':
        this.#statements.segment(input.from, input.segment, nowMs);
        break;
      case 'stranger':
        this.#pulls.want(input.from, [{ id: input.id }], nowMs);
        break;
      case 'leave':
        this.#farewell.begin();
        this.#statements.leave();
        break;
      case 'timer':
        this.#onTimer(input.timer, nowMs);
        break;
    }
    return this.#outputs;
  }

  #onLinkUp(peer: LinkPeer, nowMs: number): void {
    this.#links.set(peer.id, { isSynced: false, mismatches: 0, comparedMs: nowMs });
    this.#pulls.linked(peer.id);
    this.#heard(peer.id, nowMs);
    this.#statements.record({ type: 'record', from: peer.id, record: peer.record, jws: peer.recordJws }, nowMs);
    this.#statements.confront(peer.id);
    if (this.#self < peer.id) this.#compareTables(peer.id, nowMs);
    this.#prober.linked(peer.id, nowMs);
    const known = this.#audit.receipt(peer.id);
    if (known !== undefined) this.#send([peer.id], known);
  }

  #onLinkDown(peer: NodeId, nowMs: number): void {
    if (!this.#links.delete(peer)) return;
    this.#pulls.unlinked(peer, nowMs);
    if (this.directory.member(peer) === undefined) this.#heardMs.delete(peer);
    this.#farewell.settled(peer);
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
        return this.#prober.told(peer, frame, nowMs, wallMs);
      case 'known':
        if (this.#audit.acknowledged(peer, frame)) this.#put({ type: 'knownChanged' });
        return;
      case 'sync-page':
        return this.#onSyncPage(peer, frame, nowMs);
      case 'sync-request':
        return this.#onSyncRequest(peer, frame, nowMs);
      case 'sync-told':
        this.#pulls.told(peer, frame.ids, nowMs);
        return this.#compared(peer, nowMs);
    }
  }

  #onPing(peer: NodeId, ping: Ping, nowMs: number, wallMs: number): void {
    this.#send([peer], { type: 'ack', probe: ping.probe, digest: this.directory.digest(), wallMs });
    this.#statements.confront(peer);
    this.#compareDigests(peer, ping.digest, nowMs);
  }

  #onAck(peer: NodeId, ack: Ack, nowMs: number, wallMs: number): void {
    const rttMs = this.#prober.acked(peer, ack, nowMs);
    if (rttMs !== undefined) {
      this.#put({ type: 'measured', peer, rttMs, clockOffsetMs: ack.wallMs + rttMs / 2 - wallMs });
    }
    // Links keep the order: the record of the leave was received before this was answered.
    if (ack.probe === FAREWELL_PROBE) this.#farewell.settled(peer);
    this.#compareDigests(peer, ack.digest, nowMs);
  }

  #onSyncPage(peer: NodeId, page: SyncPage, nowMs: number): void {
    const { frames, wanted } = this.#sync.answer(page, nowMs);
    frames.forEach((frame) => this.#send([peer], frame));
    this.#pulls.want(
      peer,
      wanted.map((entry) => ({ id: entry.id, entry })),
      nowMs,
    );
    this.#compared(peer, nowMs);
  }

  #onSyncRequest(peer: NodeId, { ids }: SyncRequest, nowMs: number): void {
    this.#sync.tell(ids, nowMs).forEach((frame) => this.#send([peer], frame));
    this.#compared(peer, nowMs);
  }

  #onTimer(timer: MembershipTimer, nowMs: number): void {
    const lateMs = nowMs - timer.dueMs;
    if (lateMs > this.profile.lagMs) {
      this.#onLagged(lateMs, nowMs);
      if (timer.kind === 'beat') return this.#onBeat(timer.dueMs, nowMs);
      // What the timer waits for may lie unread in a socket.
      const afterMs = this.profile.probeTimeoutMs;
      return this.#schedule(afterMs, { ...timer, dueMs: nowMs + afterMs });
    }
    switch (timer.kind) {
      case 'period':
        return this.#onPeriod(nowMs);
      case 'beat':
        return this.#onBeat(timer.dueMs, nowMs);
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
        return this.#statements.forgetIfGone(timer.id, nowMs);
      case 'leave-over':
        return this.#farewell.timeUp();
    }
  }

  #onPeriod(nowMs: number): void {
    if (this.#farewell.isLeaving) return;
    const afterMs = this.#awareness.stretch(this.profile.periodMs);
    this.#schedule(afterMs, { kind: 'period', dueMs: nowMs + afterMs });
    this.#prober.next(nowMs);
    this.#pulls.retry(nowMs, PULL_PERIODS * this.profile.periodMs);
    this.#ping([...this.#links].filter(([, link]) => !link.isSynced).map(([id]) => id));
  }

  /** Every stall of the event loop delays a beat, also one between two periods that are stretched. */
  #beat(nowMs: number): void {
    const { lagMs } = this.profile;
    this.#beatDueMs = nowMs + lagMs;
    this.#schedule(lagMs, { kind: 'beat', dueMs: this.#beatDueMs });
  }

  #onBeat(dueMs: number, nowMs: number): void {
    if (dueMs === this.#beatDueMs) this.#beat(nowMs);
  }

  #onLagged(byMs: number, nowMs: number): void {
    // All timers of a stall come late; it is one stall.
    if (nowMs - this.#lagSeenMs < this.profile.lagMs) return;
    this.#lagSeenMs = nowMs;
    this.#awareness.blame();
    this.#suspicions.excuse(byMs);
  }

  #onOwnRecord(input: RecordInput, nowMs: number): void {
    const isNews = this.#statements.ownRecord(input, nowMs);
    if (isNews && this.#farewell.isLeaving && input.record.status === 'left') this.#sayFarewell(nowMs);
  }

  #onCondemned(id: NodeId, nowMs: number): void {
    this.#statements.condemn(id, nowMs);
    if (this.#links.has(id)) this.#put({ type: 'close', peer: id, reason: 'stale' });
  }

  #compareDigests(peer: NodeId, digest: string, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    const isSame = digest === this.directory.digest();
    const mismatches = isSame ? 0 : link.mismatches + 1;
    this.#links.set(peer, { ...link, mismatches, isSynced: link.isSynced || isSame });
    if (isSame && !link.isSynced) this.#put({ type: 'synced', peer });
    const isDue = nowMs - link.comparedMs >= this.profile.periodMs && !this.#pulls.isPulling(peer);
    if (mismatches >= MISMATCHES_MAX && isDue) this.#compareTables(peer, nowMs);
  }

  #compareTables(peer: NodeId, nowMs: number): void {
    this.#compared(peer, nowMs);
    this.#sync.pages().forEach((page) => this.#send([peer], page));
  }

  /** Something was or is being done about the difference, so digests that differ say nothing for a while. */
  #compared(peer: NodeId, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#links.set(peer, { ...link, mismatches: 0, comparedMs: nowMs });
  }

  #sayFarewell(nowMs: number): void {
    const peers = this.#others().filter((id) => this.#links.has(id));
    this.#send(peers, { type: 'ping', probe: FAREWELL_PROBE, digest: this.directory.digest() });
    const { leaveTimeoutMs } = this.profile;
    this.#schedule(leaveTimeoutMs, { kind: 'leave-over', dueMs: nowMs + leaveTimeoutMs });
    this.#farewell.said(peers);
  }

  #heard(id: NodeId, nowMs: number): void {
    this.#heardMs.set(id, nowMs);
  }

  #others(): readonly NodeId[] {
    return this.directory.live().flatMap((member) => (member.id === this.#self ? [] : [member.id]));
  }

  #ping(peers: readonly NodeId[]): void {
    this.#send(peers, { type: 'ping', probe: DIGEST_PROBE, digest: this.directory.digest() });
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

/** An answer to a request of tables is given up after so many probe periods; a slow link needs seconds for it. */
const PULL_PERIODS = 10;

/** A ping that probes nobody and only shows the digest; real probes begin at 2. */
const DIGEST_PROBE = 0;
