import { ExpiringMap } from '../runtime/expiring-map.js';
import { KEYS_REMEMBERED } from '../subscriptions/repeat-filter.js';

/** Which request each idempotency key was used for, as long as subscribers suppress repeats. */
export class IdempotencyKeys {
  readonly #fingerprints: ExpiringMap<string, string>;

  constructor(bounds = KEYS_REMEMBERED) {
    this.#fingerprints = new ExpiringMap(bounds);
  }

  /** Takes the key for this request; false when it was used for another one. */
  claim(key: string, fingerprint: string, nowMs: number): boolean {
    const claimed = this.#fingerprints.get(key, nowMs);
    if (claimed === undefined) this.#fingerprints.set(key, fingerprint, nowMs);
    return claimed === undefined || claimed === fingerprint;
  }

  /** The request came to nothing: the key may be used for another one. */
  release(key: string): void {
    this.#fingerprints.delete(key);
  }
}
