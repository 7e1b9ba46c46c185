import type { AccusationBook } from './accusation-book.js';
import type { Directory } from './directory.js';
import { compareFreshness } from './member.js';
import type { MembershipCoreOutput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Profile } from './profile.js';
import { CONFIRMATIONS_MAX, Suspicion } from './suspicion.js';

/** What the suspicions ask of the membership core around them. */
export interface SuspicionsWorld {
  put(output: MembershipCoreOutput): void;
  /** When a sign of life of this member was last seen, by the local clock. */
  heardMs(id: NodeId): number;
  /** Its time to refute is over, and nothing was heard of it. */
  condemned(id: NodeId, nowMs: number): void;
  /** Accused by others, but this node heard of it in the meantime. */
  acquitted(id: NodeId, nowMs: number): void;
}

/**
 * The running suspicions. Each node condemns for itself, when its own suspicion has run its course: what others say
 * shortens it, and a sign of life seen by this node itself ends it.
 */
export class Suspicions {
  readonly #running = new Map<NodeId, Suspicion>();

  constructor(
    private readonly world: SuspicionsWorld,
    private readonly directory: Directory,
    private readonly book: AccusationBook,
    private readonly profile: Profile,
  ) {}

  /** A probe of this node was missed: its own evidence. */
  missed(id: NodeId, nowMs: number): void {
    const member = this.directory.member(id);
    if (member === undefined || !this.directory.isLive(id)) return;
    this.raise(id, nowMs);
    const isSaid = this.book.against(id).some((accusation) => accusation.accuser === this.directory.self);
    if (isSaid) return;
    if (this.book.isFull(id)) return this.#count(id, CONFIRMATIONS_MAX + 1, nowMs);
    this.#accuse(id, 'suspect');
  }

  /** Starts a suspicion, or lets a running one count the accusers of the book. */
  raise(id: NodeId, nowMs: number): void {
    const member = this.directory.member(id);
    if (member === undefined) return;
    let suspicion = this.#running.get(id);
    if (suspicion === undefined || compareFreshness(suspicion.accused, member) !== 0) {
      const { epoch, incarnation } = member;
      const live = this.directory.live().length;
      suspicion = new Suspicion({ epoch, incarnation }, { profile: this.profile, live, nowMs });
      this.#running.set(id, suspicion);
      this.#schedule(id, suspicion.deadlineMs, nowMs);
      this.directory.setState(id, 'suspect', nowMs);
      this.world.put({ type: 'memberChanged', id, from: member.state, to: 'suspect' });
    }
    this.#count(id, this.book.against(id).length, nowMs);
  }

  /** A suspicion's timer rang. */
  expired(id: NodeId, nowMs: number): void {
    const suspicion = this.#running.get(id);
    if (suspicion === undefined || nowMs < suspicion.deadlineMs) {
      // Excused in the meantime: the deadline moved without a timer of its own.
      if (suspicion !== undefined) this.#schedule(id, suspicion.deadlineMs, nowMs);
      return;
    }
    this.#running.delete(id);
    if (this.world.heardMs(id) > suspicion.startedMs) return this.world.acquitted(id, nowMs);
    this.world.condemned(id, nowMs);
    const own = this.book.against(id).find((accusation) => accusation.accuser === this.directory.self);
    if (own?.state === 'suspect' || (own === undefined && !this.book.isFull(id))) this.#accuse(id, 'dead');
  }

  /** The member refuted, came back in a new life, left or was forgotten. */
  drop(id: NodeId): void {
    this.#running.delete(id);
  }

  /** This node stood still for so long. */
  excuse(byMs: number): void {
    for (const suspicion of this.#running.values()) suspicion.excuse(byMs);
  }

  #count(id: NodeId, accusers: number, nowMs: number): void {
    const suspicion = this.#running.get(id);
    if (suspicion === undefined) return;
    const beforeMs = suspicion.deadlineMs;
    suspicion.accusedBy(accusers);
    if (suspicion.deadlineMs < beforeMs) this.#schedule(id, suspicion.deadlineMs, nowMs);
  }

  #accuse(id: NodeId, state: 'suspect' | 'dead'): void {
    const member = this.directory.member(id);
    if (member === undefined) return;
    const { epoch, incarnation } = member;
    this.world.put({
      type: 'accuse',
      accusation: { subject: id, epoch, incarnation, state, accuser: this.directory.self },
    });
  }

  #schedule(id: NodeId, deadlineMs: number, nowMs: number): void {
    const afterMs = Math.max(0, deadlineMs - nowMs);
    this.world.put({ type: 'schedule', afterMs, timer: { kind: 'suspicion', dueMs: deadlineMs, id } });
  }
}
