/**
 * A token bucket per client: `perSecond` flow in, up to ten times as many stay, each thing asked for takes one. What is larger
 * than a bucket passes when it is full, and leaves a debt.
 */

/** What a bucket holds when it is full, in seconds' worth. */
const BURST_SECONDS = 10;

/** How much each client may ask for, and how many are remembered. */
export interface RateBounds {
  /** 0 is no limit. */
  readonly perSecond: number;
  /** Above it the client that was quiet longest is forgotten, as if it had a full bucket. */
  readonly clientsMax: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

/** Limits what each of many clients asks for. */
export class RateLimit {
  /** The client that was quiet longest first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly bounds: RateBounds) {}

  /** Clients that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes `cost` from the client's bucket and returns 0, or takes nothing and returns how many ms to wait. */
  take(client: string, cost: number, nowMs: number): number {
    const { perSecond, clientsMax } = this.bounds;
    if (perSecond === 0 || cost === 0) return 0;
    const full = perSecond * BURST_SECONDS;
    const bucket = this.#buckets.get(client) ?? { level: full, atMs: nowMs };
    bucket.level = Math.min(full, bucket.level + ((nowMs - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = nowMs;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > clientsMax) this.#forgetOldest();
    const missing = Math.min(cost, full) - bucket.level;
    if (missing > 0) return (missing * 1_000) / perSecond;
    bucket.level -= cost;
    return 0;
  }

  #forgetOldest(): void {
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest);
      return;
    }
  }
}
