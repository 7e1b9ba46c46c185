/**
 * When the open bundle of an own stream is cut: at once while nothing of the stream is on its way, else when the bundle
 * before it has arrived on the fastest link, or when it is full. So a lone message waits for nothing, and a burst shares one
 * signature and one cipher call with as many messages as fit into a round trip.
 */
import { BUNDLE_MESSAGES_MAX } from '../bundles/bundle.js';

/** A bundle is cut before it grows beyond this, unless a single message does. */
export const BUNDLE_CONTENT_BYTES = 256 * 1024;

/** Longest wait for an arrival: a receiver that stands still must not hold up the others. Guess, see bench. */
export const ARRIVAL_WAIT_MS = 50;

export class BundleCutter {
  #awaitedSeq = 0;
  #awaitedUntilMs = 0;

  /** Whether the open bundle is to be cut now. */
  isDue(open: { count: number; byteLength: number }, nowMs: number): boolean {
    if (open.count === 0) return false;
    if (open.count >= BUNDLE_MESSAGES_MAX || open.byteLength >= BUNDLE_CONTENT_BYTES) return true;
    return this.#awaitedSeq === 0 || nowMs >= this.#awaitedUntilMs;
  }

  /** Whether a draft of `bytes` must go into the next bundle instead. */
  isTooFullFor(bytes: number, open: { count: number; byteLength: number }): boolean {
    return open.count > 0 && open.byteLength + bytes > BUNDLE_CONTENT_BYTES;
  }

  /** When to ask `isDue` again although nothing arrives; undefined when nothing is awaited. */
  get dueMs(): number | undefined {
    return this.#awaitedSeq === 0 ? undefined : this.#awaitedUntilMs;
  }

  /** A bundle that ends with `lastSeq` was cut and goes out. */
  cut(lastSeq: number, nowMs: number): void {
    this.#awaitedSeq = lastSeq;
    this.#awaitedUntilMs = nowMs + ARRIVAL_WAIT_MS;
  }

  /** The fastest receiver has everything up to `seq`. */
  arrived(seq: number): void {
    if (seq >= this.#awaitedSeq) this.#awaitedSeq = 0;
  }
}
