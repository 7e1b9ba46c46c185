import type { Clock } from '../../runtime/clock.js';
import { GrapevineError } from '../../runtime/errors.js';

/** So long after a write that failed no bundle is tried: each failure costs a look at all that is in the store. */
export const WRITE_PAUSE_MS = 250;

/** A write that takes longer counts as stuck: bundles are refused until it is done. Its own bundles may be kept all the same. */
export const WRITE_TIMEOUT_MS = 10_000;

/**
 * A disk with less than this counts as full: what is left is for dropping bundles, which needs new pages before it gives any
 * back, and for the other documents of the data folder.
 */
export const RESERVED_BYTES = 4 * 1024 * 1024;

/** After a write failed a disk is not called good again without room for so much. */
const PROBE_BYTES = 1024 * 1024;

/** Whether bundles find room on the disk: what is free, what drops gave back, and what failed or does not end. */
export class DiskRoom {
  /** Bytes of bundles that were dropped and whose room was not used again yet. */
  #reusableBytes = 0;
  #failure: { readonly error: GrapevineError; readonly pausedUntilMs: number } | undefined;
  /** Since when a write has been under way. */
  #writingSinceMs: number | undefined;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  /** Why no bundle is tried now; undefined when one is worth it. */
  get refusal(): GrapevineError | undefined {
    const isPaused = (this.#failure?.pausedUntilMs ?? 0) > this.clock.monotonicMs();
    return isPaused || this.#isStuck ? this.failure : undefined;
  }

  /** Why the last bundle found no room, until one does; or that a write does not end. */
  get failure(): GrapevineError | undefined {
    if (this.#isStuck) return new GrapevineError('store-failing', 'the disk under the data folder does not answer');
    return this.#failure?.error;
  }

  get #isStuck(): boolean {
    return this.clock.monotonicMs() - (this.#writingSinceMs ?? Infinity) >= WRITE_TIMEOUT_MS;
  }

  /** A write begins, or is done. */
  writing(isUnderWay: boolean): void {
    this.#writingSinceMs = isUnderWay ? this.clock.monotonicMs() : undefined;
  }

  failed(error: GrapevineError): void {
    this.#failure = { error, pausedUntilMs: this.clock.monotonicMs() + WRITE_PAUSE_MS };
  }

  /** Bundles were written. */
  written(): void {
    this.#failure = undefined;
  }

  gaveBack(bytes: number): void {
    this.#reusableBytes += bytes;
  }

  /** Takes room for bundles; a GrapevineError `store-full` when the disk counts as full and drops made too little in the database. */
  take(bytes: number, freeBytes: number): GrapevineError | undefined {
    const isFull = this.#isFullFor(bytes, freeBytes);
    if (!isFull) this.#reusableBytes = Math.max(0, this.#reusableBytes - bytes);
    return isFull ? new GrapevineError('store-full', 'the disk under the data folder is full') : undefined;
  }

  /** The failure that stands when a try can only fail, as the disk is still full. */
  look(freeBytes: number): GrapevineError | undefined {
    return this.#isFullFor(PROBE_BYTES, freeBytes) ? this.#failure?.error : undefined;
  }

  #isFullFor(bytes: number, freeBytes: number): boolean {
    return freeBytes + this.#reusableBytes < RESERVED_BYTES + bytes;
  }
}
