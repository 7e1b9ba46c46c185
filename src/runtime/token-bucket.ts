/** How much may happen: so much at once, and so much a second on average. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts against an allowance: full at first, refilled evenly, never above its burst. */
export class TokenBucket {
  #tokens: number;
  #filledMs: number;

  constructor(
    private readonly allowance: Allowance,
    nowMs: number,
  ) {
    this.#tokens = allowance.burst;
    this.#filledMs = nowMs;
  }

  /** Takes them, or none when there are too few. */
  take(tokens: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** How long until so many are there, which are at most the burst. */
  waitMs(tokens: number, nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, ((tokens - this.#tokens) * 1_000) / this.allowance.perSecond);
  }

  #fill(nowMs: number): void {
    const { burst, perSecond } = this.allowance;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, nowMs - this.#filledMs) * perSecond) / 1_000);
    this.#filledMs = nowMs;
  }
}
