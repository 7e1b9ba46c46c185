/** Bytes of bundles that wait for an earlier one, of all streams together. */
export const AHEAD_BYTES_IN_ALL_MAX = 32 * 1024 * 1024;
/** What a waiting bundle costs besides its bytes. */
export const AHEAD_OVERHEAD_BYTES = 1_024;

/** A window with bundles that wait. */
export interface AheadHolder {
  /** Gives up all of them: they are pulled again when their turn comes. */
  dropAhead(): void;
}

/** The room that the windows of all streams share: when it is full, the one that has waited for longest gives up its part. */
export class AheadRoom {
  /** In the order in which they began to wait. */
  readonly #held = new Map<AheadHolder, number>();
  #bytes = 0;

  constructor(private readonly bytesMax = AHEAD_BYTES_IN_ALL_MAX) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Others make way until a bundle of `holder` finds room beside what `holder` has. */
  makeWay(holder: AheadHolder, byteLength: number): void {
    for (const [other] of this.#held) {
      if (this.#bytes + byteLength + AHEAD_OVERHEAD_BYTES <= this.bytesMax) break;
      if (other !== holder) other.dropAhead();
    }
  }

  take(holder: AheadHolder, byteLength: number): void {
    const bytes = byteLength + AHEAD_OVERHEAD_BYTES;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + bytes);
    this.#bytes += bytes;
  }

  give(holder: AheadHolder, byteLength: number): void {
    const bytes = byteLength + AHEAD_OVERHEAD_BYTES;
    const left = (this.#held.get(holder) ?? 0) - bytes;
    if (left > 0) this.#held.set(holder, left);
    else this.#held.delete(holder);
    this.#bytes -= bytes;
  }
}
