import { BundleIndex, byArrival, inStream } from './bundle-index.js';
import type { BundleEntry, StoredBundle } from './bundle-store.js';
import type { Stream, StreamId } from '../bundles/stream.js';

/** Bundles of a stream that are on their way out: those up to `throughSeq` that were there when the drop was asked for. */
export interface Drop {
  readonly stream: Stream;
  readonly throughSeq: number;
  readonly arrivalMax: number;
}

/** What was written and dropped but not committed yet, so that reads see it all the same. */
export class PendingWrites {
  readonly appended = new BundleIndex();
  readonly #drops = new Map<StreamId, Drop[]>();

  addDrop(drop: Drop): void {
    const drops = this.#drops.get(drop.stream.id);
    if (drops === undefined) this.#drops.set(drop.stream.id, [drop]);
    else drops.push(drop);
  }

  dropDone(drop: Drop): void {
    const rest = (this.#drops.get(drop.stream.id) ?? []).filter((other) => other !== drop);
    if (rest.length === 0) this.#drops.delete(drop.stream.id);
    else this.#drops.set(drop.stream.id, rest);
  }

  clear(): void {
    this.appended.clear();
    this.#drops.clear();
  }

  /** Whether it is on its way out, though it may still be found in the database. */
  isDropped(bundle: BundleEntry | StoredBundle): boolean {
    const drops = this.#drops.get(bundle.stream.id);
    return drops !== undefined && drops.some((drop) => isCovered(bundle, drop));
  }

  /** `committed` bundles of a stream together with the pending ones, in order, without what is dropped. */
  withStream<T extends BundleEntry | StoredBundle>(
    stream: StreamId,
    fromSeq: number,
    committed: Iterable<T>,
  ): Generator<T | StoredBundle> {
    return this.#visible(merged<T | StoredBundle>(committed, this.appended.ofStream(stream, fromSeq), inStream));
  }

  /** The same for a topic, in order of arrival. */
  withTopic<T extends BundleEntry | StoredBundle>(
    topic: string,
    afterArrival: number,
    committed: Iterable<T>,
  ): Generator<T | StoredBundle> {
    return this.#visible(merged<T | StoredBundle>(committed, this.appended.ofTopic(topic, afterArrival), byArrival));
  }

  *#visible<T extends BundleEntry | StoredBundle>(bundles: Iterable<T>): Generator<T> {
    for (const bundle of bundles) if (!this.isDropped(bundle)) yield bundle;
  }
}

export function isCovered(bundle: Pick<BundleEntry, 'lastSeq' | 'arrival'>, drop: Drop): boolean {
  return bundle.lastSeq <= drop.throughSeq && bundle.arrival <= drop.arrivalMax;
}

/** Both in one order. What is in both (committed, but not yet known to be) comes once, as the second has it. */
function* merged<T>(first: Iterable<T>, second: Iterable<T>, compare: (a: T, b: T) => number): Generator<T> {
  const others = second[Symbol.iterator]();
  let other = others.next();
  for (const item of first) {
    while (other.done !== true && compare(other.value, item) < 0) {
      yield other.value;
      other = others.next();
    }
    if (other.done === true || compare(other.value, item) !== 0) yield item;
  }
  for (; other.done !== true; other = others.next()) yield other.value;
}
