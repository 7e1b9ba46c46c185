/**
 * What is held of one stream: every seq in (floor, frontier], and a bounded window of bundles that came too early.
 * It decides what is new, what was seen, and what may be released next. Where bundles come from is not its business.
 */
import { AheadRoom, type AheadHolder } from './ahead-room.js';
import type { BundlePlace } from './gossip-protocol.js';

/** Bundles and bytes of one stream that wait for an earlier one; what does not fit is pulled again later. */
export const AHEAD_BUNDLES_MAX = 256;
export const AHEAD_BYTES_MAX = 4 * 1024 * 1024;

/** `next`: something can be released; `ahead`: kept for later; `known`: seen before; `full`: no room to keep it. */
export type Offer = 'next' | 'ahead' | 'known' | 'full';

/** A bundle whose turn has come; its messages below `fromSeq` were released before or lie below the floor. */
export interface Ready<B> {
  readonly bundle: B;
  readonly fromSeq: number;
}

export class StreamWindow<B extends BundlePlace> implements AheadHolder {
  #floor: number;
  #frontier: number;
  /** In order of firstSeq, each beyond the frontier when it came. */
  readonly #ahead: B[] = [];
  #aheadBytes = 0;

  constructor(
    floor: number,
    frontier = floor,
    private readonly room = new AheadRoom(),
  ) {
    this.#floor = floor;
    this.#frontier = Math.max(floor, frontier);
  }

  get floor(): number {
    return this.#floor;
  }

  get frontier(): number {
    return this.#frontier;
  }

  /** The first seq that came too early, or undefined. */
  get aheadFrom(): number | undefined {
    return this.#ahead[0]?.firstSeq;
  }

  /** Whether a bundle with these seqs would bring nothing. */
  isKnown(firstSeq: number, lastSeq: number): boolean {
    return (
      lastSeq <= this.#frontier || this.#ahead.some((held) => held.firstSeq <= firstSeq && lastSeq <= held.lastSeq)
    );
  }

  offer(bundle: B): Offer {
    if (this.isKnown(bundle.firstSeq, bundle.lastSeq)) return 'known';
    const isNext = bundle.firstSeq <= this.#frontier + 1;
    // What can be released at once takes no room from others.
    if (!isNext && !this.#makeRoom(bundle)) return 'full';
    if (!isNext) this.room.makeWay(this, bundle.byteLength);
    let at = this.#ahead.length;
    while (at > 0 && this.#ahead[at - 1]!.firstSeq > bundle.firstSeq) at--;
    this.#ahead.splice(at, 0, bundle);
    this.#aheadBytes += bundle.byteLength;
    this.room.take(this, bundle.byteLength);
    return isNext ? 'next' : 'ahead';
  }

  /** Takes the next bundle in order, if it is here, and moves the frontier over it. */
  takeNext(): Ready<B> | undefined {
    for (let first = this.#ahead[0]; first !== undefined; first = this.#ahead[0]) {
      if (first.firstSeq > this.#frontier + 1) return undefined;
      this.#ahead.shift();
      this.#gaveUp(first);
      if (first.lastSeq <= this.#frontier) continue;
      const fromSeq = this.#frontier + 1;
      this.#frontier = first.lastSeq;
      return { bundle: first, fromSeq };
    }
    return undefined;
  }

  /** Retention dropped everything up to `floor`. */
  raiseFloor(floor: number): void {
    this.#floor = Math.max(this.#floor, Math.min(floor, this.#frontier));
  }

  /** Older history was added below the floor. */
  lowerFloor(floor: number): void {
    this.#floor = Math.min(this.#floor, floor);
  }

  /** What was released above `seq` did not last: it has to come again. */
  fallBack(seq: number): void {
    this.#frontier = Math.max(this.#floor, Math.min(this.#frontier, seq));
  }

  /** Gives up on everything up to `seq`: nobody has it any more. Nothing below can be served either. */
  jump(seq: number): void {
    if (seq <= this.#frontier) return;
    this.#floor = seq;
    this.#frontier = seq;
  }

  dropAhead(): void {
    for (const bundle of this.#ahead.splice(0)) this.#gaveUp(bundle);
  }

  #gaveUp({ byteLength }: B): void {
    this.#aheadBytes -= byteLength;
    this.room.give(this, byteLength);
  }

  // What is nearest to the frontier is worth most: it is released first.
  #makeRoom(bundle: B): boolean {
    const isOver = (): boolean =>
      this.#ahead.length >= AHEAD_BUNDLES_MAX || this.#aheadBytes + bundle.byteLength > AHEAD_BYTES_MAX;
    while (isOver()) {
      const last = this.#ahead.at(-1);
      if (last === undefined || last.firstSeq < bundle.firstSeq) return false;
      this.#ahead.pop();
      this.#gaveUp(last);
    }
    return true;
  }
}
