import { ExpiringMap } from '../runtime/expiring-map.js';
import { KEYS_REMEMBERED } from './repeat-filter.js';

interface Publication<Outcome> {
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

/** What became of publications that carried an idempotency key, as long as subscribers suppress repeats. */
export class PublicationMemory<Outcome> {
  readonly #publications: ExpiringMap<string, Publication<Outcome>>;

  constructor(bounds = KEYS_REMEMBERED) {
    this.#publications = new ExpiringMap(bounds);
  }

  /** The outcome of the same request before, `mismatch` when the key was used for another one, undefined when it is new. */
  find(key: string, fingerprint: string, nowMs: number): { readonly outcome: Outcome } | 'mismatch' | undefined {
    const publication = this.#publications.get(key, nowMs);
    if (publication === undefined) return undefined;
    return publication.fingerprint === fingerprint ? publication : 'mismatch';
  }

  remember(key: string, publication: Publication<Outcome>, nowMs: number): void {
    this.#publications.set(key, publication, nowMs);
  }

  /** It came to nothing, so the key is free again. */
  forget(key: string, outcome: Outcome, nowMs: number): void {
    if (this.#publications.get(key, nowMs)?.outcome === outcome) this.#publications.delete(key);
  }
}
