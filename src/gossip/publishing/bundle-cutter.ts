/**
 * When the open bundle of an own stream is cut: at once while nothing of the stream is on its way, else when the bundle
 * before it has arrived on the fastest link, or when it is full. So a lone message waits for nothing, and a burst shares one
 * signature and one cipher call with as many messages as fit into a round trip. A round trip on one machine is short: after
 * a bundle of a burst the next one goes on gathering for as long as each turn of the event loop brings more.
 */
import { BUNDLE_MESSAGES_MAX } from '../bundles/bundle.js';

/** A bundle is cut before it grows beyond this, unless a single message does. */
export const BUNDLE_CONTENT_BYTES = 256 * 1024;

/** Longest wait for an arrival: a receiver that stands still must not hold up the others. Guess, see bench. */
export const ARRIVAL_WAIT_MS = 50;

/** So many messages in one bundle are a burst, after which the next bundle gathers. */
export const BURST_MESSAGES = 64;

/** Longest that a bundle gathers, from when the one before it was cut. See decision 0007. */
export const GATHER_MS = 10;

export class BundleCutter {
  #awaitedSeq = 0;
  #awaitedUntilMs = 0;
  #gatheredUntilMs = 0;
  /** Messages with which gathering has brought enough; 0 when the bundle before was no burst. */
  #enough = 0;
  /** Messages of the open bundle a turn ago. */
  #lastTurn = 0;

  /** Whether no further message is waited for. */
  isFull(open: { count: number; byteLength: number }): boolean {
    return open.count >= BUNDLE_MESSAGES_MAX || open.byteLength >= BUNDLE_CONTENT_BYTES;
  }

  /** Whether the open bundle is to be cut now. */
  isDue(open: { count: number; byteLength: number }, nowMs: number): boolean {
    if (open.count === 0) return false;
    if (this.isFull(open)) return true;
    if (!this.isGathering) return nowMs >= this.awaitedUntilMs;
    return open.count >= this.#enough || open.count === this.#lastTurn || nowMs >= this.#gatheredUntilMs;
  }

  /** Whether a draft of `bytes` must go into the next bundle instead. */
  isTooFullFor(bytes: number, open: { count: number; byteLength: number }): boolean {
    return open.count > 0 && open.byteLength + bytes > BUNDLE_CONTENT_BYTES;
  }

  /** Whether nothing is awaited any more: `isDue` is to be asked again after each turn, of which `turned` is told. */
  get isGathering(): boolean {
    return this.#awaitedSeq === 0;
  }

  /** When to ask `isDue` again although nothing arrives. */
  get awaitedUntilMs(): number {
    return this.#awaitedUntilMs;
  }

  /** A turn of the event loop went by since the open bundle had `count` messages. */
  turned(count: number): void {
    this.#lastTurn = count;
  }

  /** A bundle of `count` messages that ends with `lastSeq` was cut and goes out. */
  cut(lastSeq: number, count: number, nowMs: number): void {
    this.#awaitedSeq = lastSeq;
    this.#awaitedUntilMs = nowMs + ARRIVAL_WAIT_MS;
    this.#gatheredUntilMs = nowMs + GATHER_MS;
    this.#enough = count < BURST_MESSAGES ? 0 : Math.min(2 * count, BUNDLE_MESSAGES_MAX);
    this.#lastTurn = 0;
  }

  /** The fastest receiver has everything up to `seq`. */
  arrived(seq: number): void {
    if (seq >= this.#awaitedSeq) this.#awaitedSeq = 0;
  }
}
