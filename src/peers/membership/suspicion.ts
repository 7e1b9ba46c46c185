import type { Freshness } from './member.js';
import type { Profile } from './profile.js';

/** Further accusers after which a suspicion runs no shorter; Lifeguard §IV.B uses 3. */
export const CONFIRMATIONS_MAX = 3;

/**
 * The time a suspected member has to refute (Lifeguard §IV.B, "LHA-Suspicion"). It starts long and shrinks with every
 * independent accuser: max - (max - min) · log(c + 1) / log(k + 1), c confirmations of k expected.
 */
export class Suspicion {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #expected: number;
  #startedMs: number;
  #confirmations = 0;

  constructor(
    readonly accused: Freshness,
    how: { readonly profile: Profile; readonly live: number; readonly nowMs: number },
  ) {
    this.#startedMs = how.nowMs;
    this.#minMs = how.profile.suspicionPeriods * how.profile.periodMs * Math.max(1, Math.log10(how.live));
    // Neither the accused nor the first accuser can confirm: among two nodes nobody can.
    this.#expected = Math.max(0, Math.min(CONFIRMATIONS_MAX, how.live - 2));
    this.#maxMs = this.#expected === 0 ? this.#minMs : this.#minMs * how.profile.suspicionStretch;
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  get deadlineMs(): number {
    const share = this.#expected === 0 ? 0 : Math.log(this.#confirmations + 1) / Math.log(this.#expected + 1);
    return this.#startedMs + this.#maxMs - (this.#maxMs - this.#minMs) * share;
  }

  /** How many nodes accuse by now, the first one included. */
  accusedBy(accusers: number): void {
    this.#confirmations = Math.min(Math.max(this.#confirmations, accusers - 1), this.#expected);
  }

  /** This node stood still: the accused gets that time on top. */
  excuse(byMs: number): void {
    this.#startedMs += byMs;
  }
}
