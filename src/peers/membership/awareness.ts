/**
 * Lifeguard's local health multiplier (§IV.A): evidence that this node itself is slow stretches its probe timeouts and
 * periods, so that it does not blame others for its own delay. 0 is healthy.
 */
export class Awareness {
  #score = 0;

  get score(): number {
    return this.#score;
  }

  /** A probe was answered in time. */
  praise(): void {
    this.#score = Math.max(0, this.#score - 1);
  }

  /** A probe or a helper stayed silent, a suspicion had to be refuted, or the event loop lagged. */
  blame(): void {
    this.#score = Math.min(SCORE_MAX, this.#score + 1);
  }

  stretch(ms: number): number {
    return ms * (this.#score + 1);
  }
}

/** memberlist's AwarenessMaxMultiplier is 8, so the score ends at 7. */
const SCORE_MAX = 7;
