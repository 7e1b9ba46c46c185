/** Same as the time for which subscribers suppress repeats. */
export const IDEMPOTENCY_KEPT_MS = 10 * 60_000;

/** Above it the oldest keys are forgotten first. */
const IDEMPOTENCY_KEYS_MAX = 100_000;

/** Which request each idempotency key was used for, for a while and up to a bound. */
export class IdempotencyKeys {
  readonly #uses = new Map<string, { readonly fingerprint: string; readonly expiresMs: number }>();

  constructor(private readonly keysMax: number = IDEMPOTENCY_KEYS_MAX) {}

  get size(): number {
    return this.#uses.size;
  }

  /** Takes the key for this request; false when it was used for another one. */
  claim(key: string, fingerprint: string, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const use = this.#uses.get(key);
    if (use !== undefined) return use.fingerprint === fingerprint;
    this.#uses.set(key, { fingerprint, expiresMs: nowMs + IDEMPOTENCY_KEPT_MS });
    return true;
  }

  /** The request came to nothing: the key may be used for another one. */
  release(key: string): void {
    this.#uses.delete(key);
  }

  #forgetOld(nowMs: number): void {
    // Insertion order is expiry order, as every use lives equally long.
    for (const [key, { expiresMs }] of this.#uses) {
      if (expiresMs > nowMs && this.#uses.size < this.keysMax) break;
      this.#uses.delete(key);
    }
  }
}
