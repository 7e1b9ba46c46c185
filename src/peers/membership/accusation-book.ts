import type { SignedAccusation } from './accusation.js';
import { compareFreshness } from './member.js';
import type { NodeId } from '../node-id.js';
import { CONFIRMATIONS_MAX } from './suspicion.js';

/** Accusers kept per member; more would neither shorten a suspicion nor convince anybody. */
const ACCUSERS_MAX = CONFIRMATIONS_MAX + 1;

/** The signed accusations against the freshest known incarnation of each member: who is believed, and what a newcomer is told. */
export class AccusationBook {
  readonly #bySubject = new Map<NodeId, Map<NodeId, SignedAccusation>>();

  /** False when it says nothing new, or enough others say the same. */
  add(accusation: SignedAccusation): boolean {
    if (!this.isNews(accusation)) return false;
    const kept = this.#bySubject.get(accusation.subject);
    const isFresher =
      kept === undefined || this.against(accusation.subject).some((old) => compareFreshness(accusation, old) > 0);
    if (isFresher) this.#bySubject.set(accusation.subject, new Map([[accusation.accuser, accusation]]));
    else kept.set(accusation.accuser, accusation);
    return true;
  }

  isNews(accusation: SignedAccusation): boolean {
    const kept = this.#bySubject.get(accusation.subject);
    const any = kept?.values().next().value;
    if (kept === undefined || any === undefined) return true;
    const order = compareFreshness(accusation, any);
    if (order !== 0) return order > 0;
    const same = kept.get(accusation.accuser);
    if (same === undefined) return kept.size < ACCUSERS_MAX;
    return same.state === 'suspect' && accusation.state === 'dead';
  }

  against(subject: NodeId): readonly SignedAccusation[] {
    return [...(this.#bySubject.get(subject)?.values() ?? [])];
  }

  isFull(subject: NodeId): boolean {
    return (this.#bySubject.get(subject)?.size ?? 0) >= ACCUSERS_MAX;
  }

  /** The subject refuted, or is forgotten. */
  drop(subject: NodeId): void {
    this.#bySubject.delete(subject);
  }
}
