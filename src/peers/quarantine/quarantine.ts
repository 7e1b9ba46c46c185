/**
 * Peers that misbehave: what an honest node never sends counts against whoever sent it, fades with time, and above a
 * threshold the peer is shut out, longer every time. Only what came over a peer's own authenticated link counts, and only what
 * it cannot have relayed in good faith: nobody can bring another into disrepute. Addresses are not counted, as
 * many nodes may share one.
 */
import type { NodeId } from '../node-id.js';

/** The score at which a peer is shut out; single mishaps, as of a damaged memory, stay below. */
export const SCORE_MAX = 100;
/** In this time a score fades by half. */
export const HALF_LIFE_MS = 60_000;
/** The first exclusion; each further one takes twice as long. */
export const EXCLUSION_MS = 10_000;
/** The longest exclusion. */
export const EXCLUSION_MS_MAX = 3_600_000;
/** After so long without misbehaviour a peer counts as new again. */
export const PARDON_MS = 24 * 3_600_000;
/** Peers that are remembered; beyond that the one that behaved for longest is forgotten. */
export const SUSPECTS_MAX = 1_024;

/** A peer that is shut out. */
export interface Exclusion {
  readonly id: NodeId;
  /** What it was last caught at. */
  readonly reason: string;
  readonly untilMs: number;
}

interface Suspect {
  score: number;
  seenMs: number;
  exclusions: number;
  untilMs: number;
  reason: string;
}

export class Quarantine {
  /** In the order of their last misbehaviour. */
  readonly #suspects = new Map<NodeId, Suspect>();

  /** Counts a misbehaviour; the exclusion when it was one too many. */
  blame(id: NodeId, how: { readonly reason: string; readonly weight: number }, nowMs: number): Exclusion | undefined {
    const suspect = this.#suspectOf(id, nowMs);
    suspect.score = suspect.score * 2 ** ((suspect.seenMs - nowMs) / HALF_LIFE_MS) + how.weight;
    suspect.seenMs = nowMs;
    suspect.reason = how.reason;
    if (suspect.score < SCORE_MAX || nowMs < suspect.untilMs) return undefined;
    suspect.score = 0;
    suspect.untilMs = nowMs + Math.min(EXCLUSION_MS_MAX, EXCLUSION_MS * 2 ** Math.min(suspect.exclusions, 20));
    suspect.exclusions++;
    return { id, reason: suspect.reason, untilMs: suspect.untilMs };
  }

  isExcluded(id: NodeId, nowMs: number): boolean {
    return nowMs < (this.#suspects.get(id)?.untilMs ?? nowMs);
  }

  /** Who is shut out now. */
  excluded(nowMs: number): readonly Exclusion[] {
    return [...this.#suspects]
      .filter(([, { untilMs }]) => nowMs < untilMs)
      .map(([id, { reason, untilMs }]) => ({ id, reason, untilMs }));
  }

  #suspectOf(id: NodeId, nowMs: number): Suspect {
    const known = this.#suspects.get(id);
    this.#suspects.delete(id);
    const isNew = known === undefined || nowMs - Math.max(known.seenMs, known.untilMs) > PARDON_MS;
    const suspect = isNew ? { score: 0, seenMs: nowMs, exclusions: 0, untilMs: nowMs, reason: '' } : known;
    this.#suspects.set(id, suspect);
    const [oldest] = this.#suspects.keys();
    if (this.#suspects.size > SUSPECTS_MAX && oldest !== undefined) this.#suspects.delete(oldest);
    return suspect;
  }
}
