import { REPEATS_SUPPRESSED_MS } from './repeat-filter.js';

/** Publications that are remembered; the oldest are forgotten first. */
const PUBLICATIONS_MAX = 100_000;

interface Publication<Outcome> {
  readonly fingerprint: string;
  readonly outcome: Outcome;
  readonly expiresMs: number;
}

/** What became of publications that carried an idempotency key, as long as subscribers suppress repeats. */
export class PublicationMemory<Outcome> {
  readonly #publications = new Map<string, Publication<Outcome>>();

  constructor(private readonly publicationsMax: number = PUBLICATIONS_MAX) {}

  /** The outcome of the same request before, `mismatch` when the key was used for another one, undefined when it is new. */
  find(key: string, fingerprint: string, nowMs: number): { readonly outcome: Outcome } | 'mismatch' | undefined {
    const publication = this.#publications.get(key);
    if (publication === undefined || publication.expiresMs <= nowMs) return undefined;
    return publication.fingerprint === fingerprint ? publication : 'mismatch';
  }

  remember(key: string, { fingerprint, outcome }: { fingerprint: string; outcome: Outcome }, nowMs: number): void {
    this.#publications.delete(key);
    this.#publications.set(key, { fingerprint, outcome, expiresMs: nowMs + REPEATS_SUPPRESSED_MS });
    // Insertion order is expiry order, as every entry lives equally long.
    for (const [oldest, { expiresMs }] of this.#publications) {
      if (expiresMs > nowMs && this.#publications.size <= this.publicationsMax) break;
      this.#publications.delete(oldest);
    }
  }

  /** It came to nothing, so the key is free again. */
  forget(key: string, outcome: Outcome): void {
    if (this.#publications.get(key)?.outcome === outcome) this.#publications.delete(key);
  }
}
