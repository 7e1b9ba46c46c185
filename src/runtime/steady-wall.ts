/**
 * A wall clock that never goes back: when the machine's is stepped back, time goes on from where it was, a little slower, until
 * both agree again. So stamps stay in order and ages stay right. Steps ahead are followed at once, for a machine that slept
 * looks the same.
 */
export class SteadyWall {
  #last: { readonly rawMs: number; readonly monotonicMs: number } | undefined;
  #aheadMs = 0;

  /** How far it is ahead of the machine's clock. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /**
   * It was this late already, in an earlier life: a machine whose clock was stepped back in between must not make the past longer.
   * Above a day the clock was plainly wrong then, and is believed now.
   */
  notBefore(wallMs: number, rawMs: number): void {
    const aheadMs = wallMs - rawMs;
    if (aheadMs <= EARLIER_LIFE_MS_MAX) this.#aheadMs = Math.max(this.#aheadMs, aheadMs);
  }

  /** The time now, from what both clocks of the machine say. */
  read(rawMs: number, monotonicMs: number): number {
    const last = this.#last ?? { rawMs, monotonicMs };
    const elapsedMs = Math.max(0, monotonicMs - last.monotonicMs);
    const stepMs = rawMs - last.rawMs - elapsedMs;
    this.#aheadMs = Math.max(0, this.#aheadMs - stepMs - elapsedMs * SLOWER);
    this.#last = { rawMs, monotonicMs };
    return Math.floor(rawMs + this.#aheadMs);
  }
}

/** Longest step back that is made up for over a restart. */
const EARLIER_LIFE_MS_MAX = 24 * 3_600_000;

/** Ten minutes are made up for in eight hours; ages measured meanwhile are off by as much. Guess. */
const SLOWER = 0.02;
