import type { AccusationBook } from './accusation-book.js';
import type { SignedAccusation } from './accusation.js';
import type { Awareness } from './awareness.js';
import type { Directory } from './directory.js';
import type { InterestAudit } from '../interest/interest-audit.js';
import type { SignedInterestSegment } from '../interest/interest-segment.js';
import { compareFreshness, isLiveState, type Member, type MemberState } from './member.js';
import type { MembershipCoreOutput, MembershipInput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { PeerFrame } from './peer-frames.js';
import type { Profile } from './profile.js';
import type { Suspicions } from './suspicions.js';
import type { TableSync } from './table-sync.js';

export type RecordInput = Extract<MembershipInput, { type: 'record' }>;

/** What the statements ask of the membership core around them. */
export interface StatementsWorld {
  readonly profile: Profile;
  readonly directory: Directory;
  readonly book: AccusationBook;
  readonly suspicions: Suspicions;
  readonly audit: InterestAudit;
  readonly awareness: Awareness;
  readonly sync: TableSync;
  put(output: MembershipCoreOutput): void;
  /** To those of the peers that are linked. */
  send(peers: readonly NodeId[], frame: PeerFrame): void;
  /** To all linked peers but these; who knows it already does not pass it on, so it ends. */
  spread(frame: PeerFrame, except: readonly NodeId[]): void;
  probe(id: NodeId, nowMs: number): void;
  /** Has all that the peer knows of this node fetched. */
  ask(peer: NodeId, about: NodeId, nowMs: number): void;
  forgotten(id: NodeId): void;
  /** There was a sign of life of this node, here or at one that was asked. */
  isMet(id: NodeId): boolean;
}

/** How news gets into the directory and on to the others: records, accusations and interests, all of them verified. */
export class Statements {
  readonly #self: NodeId;
  #incarnation: number;
  #isLeaving = false;
  #membersRefused = 0;

  constructor(private readonly world: StatementsWorld) {
    this.#self = world.directory.self;
    this.#incarnation = this.#own.incarnation;
  }

  /** Strangers turned away because the table is full. */
  get membersRefused(): number {
    return this.#membersRefused;
  }

  /** From now on this node only says that it left. */
  leave(): void {
    this.#isLeaving = true;
    this.#incarnate(this.#incarnation);
  }

  /** This node's own record, as it was signed; true when it is news. */
  ownRecord({ record, jws }: RecordInput, nowMs: number): boolean {
    const before = this.#own.state;
    if (!this.world.directory.putRecord(record, jws, { state: 'alive', sinceMs: nowMs })) return false;
    this.#incarnation = Math.max(this.#incarnation, record.incarnation);
    this.world.put({ type: 'memberChanged', id: this.#self, from: before, to: record.status });
    this.#spreadRecord(this.#self, this.#self);
    return true;
  }

  record(input: RecordInput, nowMs: number): void {
    const { from, record, jws, seen } = input;
    if (record.id === this.#self) return this.#meetSelf(input);
    const { directory, profile } = this.world;
    const known = directory.member(record.id);
    const order = known === undefined ? 1 : compareFreshness(record, known);
    if (order < 0 && known !== undefined) this.#correct(from, known, nowMs);
    const goneMs = seen !== undefined && !isLiveState(seen.state) ? seen.stateAgeMs : 0;
    if (order <= 0 || goneMs >= profile.forgetMs) return;
    if (known === undefined && !this.#makeRoom(from === record.id)) return;
    // Whoever was never alive here may be entered as dead; who is alive here is accused and may refute.
    const isDead = seen?.state === 'dead' && !directory.isLive(record.id);
    directory.putRecord(record, jws, { state: isDead ? 'dead' : 'alive', sinceMs: nowMs - goneMs });
    this.world.book.drop(record.id);
    this.world.suspicions.drop(record.id);
    if (known === undefined || known.epoch < record.epoch) this.world.audit.forget(record.id);
    this.#changed(record.id, known?.state, nowMs);
    this.#spreadRecord(record.id, from);
  }

  accusation(from: NodeId, accusation: SignedAccusation, nowMs: number): void {
    const { subject } = accusation;
    if (subject === this.#self) return this.#refute(accusation);
    const { directory, book, suspicions } = this.world;
    const member = directory.member(subject);
    const order = member === undefined ? 1 : compareFreshness(accusation, member);
    if (member === undefined || order > 0) return this.world.ask(from, subject, nowMs);
    if (order < 0) return this.#correct(from, member, nowMs);
    if (member.state === 'left') return;
    const frame: PeerFrame = { type: 'accusations', accusations: [accusation] };
    // Known and still not refuted: perhaps the accused itself has not heard of it.
    if (!book.add(accusation)) return this.world.send([subject], frame);
    this.world.spread(frame, [from, accusation.accuser]);
    if (!directory.isLive(subject)) return;
    suspicions.raise(subject, nowMs);
    // An own look at it either confirms at once or acquits.
    if (from !== this.#self) this.world.probe(subject, nowMs);
  }

  segment(from: NodeId, segment: SignedInterestSegment, nowMs: number): void {
    const { subject } = segment;
    if (subject === this.#self && from !== this.#self) return;
    const { directory, audit } = this.world;
    if (directory.member(subject) === undefined) return this.world.ask(from, subject, nowMs);
    const outcome = directory.mergeSegment(segment, subject === this.#self || this.world.isMet(subject));
    if (outcome === 'gap') return this.world.ask(from, subject, nowMs);
    if (outcome === 'applied') {
      this.world.put({ type: 'interestChanged', id: subject });
      if (subject === this.#self) this.world.put({ type: 'knownChanged' });
      this.world.spread({ type: 'segments', segments: [segment.bytes] }, [from, subject]);
    }
    const receipt = outcome === 'applied' || from === subject ? audit.receipt(subject) : undefined;
    if (receipt !== undefined) this.world.send([subject], receipt);
  }

  condemn(id: NodeId, nowMs: number): void {
    this.world.directory.setState(id, 'dead', nowMs);
    this.#changed(id, 'suspect', nowMs);
  }

  acquit(id: NodeId, nowMs: number): void {
    this.world.directory.setState(id, 'alive', nowMs);
    this.#changed(id, 'suspect', nowMs);
    this.confront(id);
  }

  /** Tells a peer what it stands accused of, so that it can refute. */
  confront(id: NodeId): void {
    const accusations = this.world.book.against(id);
    if (accusations.length > 0) return this.world.send([id], { type: 'accusations', accusations });
    const member = this.world.directory.member(id);
    if (member?.state !== 'dead') return;
    const { epoch, incarnation } = member;
    const accusation = { subject: id, epoch, incarnation, state: 'dead', accuser: this.#self } as const;
    this.world.put({ type: 'accuse', accusation });
  }

  /** The time to remember a dead or left member may be over. */
  forgetIfGone(id: NodeId, nowMs: number): void {
    const { directory, profile } = this.world;
    const isGone = directory.member(id) !== undefined && !directory.isLive(id) && id !== this.#self;
    if (isGone && nowMs - directory.stateSinceMs(id) >= profile.forgetMs) this.#forget(id);
  }

  get #own(): Member {
    return this.world.directory.member(this.#self)!;
  }

  /** Somebody else's copy of an own record: of interest only when this node never signed it in this life. */
  #meetSelf({ record }: RecordInput): void {
    const { epoch } = this.#own;
    if (record.epoch > epoch) this.world.put({ type: 'clashed', epoch: record.epoch });
    else if (record.epoch === epoch && record.incarnation > this.#incarnation) this.#incarnate(record.incarnation);
  }

  /**
   * Whoever is accused of not living, and does, says so with a higher incarnation (SWIM §4.2). One that this life has not
   * reached is invented, as nobody else gives them out: answering it would let the accuser choose the next.
   */
  #refute(accusation: SignedAccusation): void {
    if (accusation.epoch !== this.#own.epoch || accusation.incarnation !== this.#incarnation || this.#isLeaving) return;
    this.world.awareness.blame();
    this.#incarnate(accusation.incarnation);
  }

  #incarnate(above: number): void {
    this.#incarnation = above + 1;
    const status = this.#isLeaving ? 'left' : 'alive';
    this.world.put({ type: 'incarnate', incarnation: this.#incarnation, status });
  }

  #changed(id: NodeId, from: MemberState | undefined, nowMs: number): void {
    const { directory, profile } = this.world;
    const to = directory.member(id)!.state;
    this.world.put({ type: 'memberChanged', id, from, to });
    if (from === undefined || isLiveState(from) !== isLiveState(to)) this.world.put({ type: 'knownChanged' });
    if (isLiveState(to)) return;
    const dueMs = directory.stateSinceMs(id) + profile.forgetMs;
    this.world.put({ type: 'schedule', afterMs: Math.max(0, dueMs - nowMs), timer: { kind: 'forget', dueMs, id } });
  }

  /** Whoever is here in person takes the place of one that is only hearsay. */
  #makeRoom(isInPerson: boolean): boolean {
    const { directory } = this.world;
    if (!directory.isFull) return true;
    const hearsay = isInPerson
      ? directory.live().find(({ id }) => id !== this.#self && !this.world.isMet(id))
      : undefined;
    const gone = hearsay?.id ?? directory.longestGone();
    if (gone === undefined) this.#membersRefused++;
    else this.#forget(gone);
    return gone !== undefined;
  }

  #forget(id: NodeId): void {
    this.world.directory.forget(id);
    this.world.book.drop(id);
    this.world.suspicions.drop(id);
    this.world.audit.forget(id);
    this.world.forgotten(id);
    this.world.put({ type: 'memberForgotten', id });
  }

  #correct(peer: NodeId, about: Member, nowMs: number): void {
    this.world.sync.correct(about, nowMs).forEach((frame) => this.world.send([peer], frame));
  }

  #spreadRecord(id: NodeId, from: NodeId): void {
    const { recordJws: jws, state } = this.world.directory.member(id)!;
    this.world.spread({ type: 'records', items: [{ jws, state, stateAgeMs: 0 }] }, [from, id]);
  }
}
