/**
 * What the rows of a store say when all of them are read: which are damaged, and what of the streams is held without a hole.
 * Rows come in the order of their keys: bundles, keys, publishers, topic entries, extents.
 */
import * as rows from './bundle-rows.js';
import type { HeldExtent } from './bundle-store.js';
import { streamOf, type StreamId } from '../bundles/stream.js';
import type { Row } from './lmdb-tree.js';

/** Above it the store is of no use as a whole. */
export const DAMAGED_ROWS_MAX = 10_000;

/** Consecutive bundles of a stream: every seq in [first, last]. */
interface Run {
  readonly first: number;
  last: number;
}

/** A stream that is not held as its extent says; `extent` is undefined when that is damaged itself. */
export interface BrokenStream {
  readonly id: StreamId;
  readonly extent: HeldExtent | undefined;
  /** What is held without a hole: every seq in (floor, frontier]. */
  readonly floor: number;
  readonly frontier: number;
}

/** See above. */
export class StoreAudit {
  readonly damagedKeys: Buffer[] = [];
  readonly #runs = new Map<StreamId, Run[]>();
  readonly #cut: BrokenStream[] = [];
  #storeId: string | undefined;
  #lastArrival = 0;
  #storedArrival = -1;
  #bundles = 0;
  #topicEntries = 0;

  see({ key, value: row }: Row): void {
    const value = rows.withoutChecksum(key, row);
    if (value === undefined || !this.#take(key, value)) this.damagedKeys.push(Buffer.from(key));
  }

  /** The id that the store says it has. */
  get storeId(): string | undefined {
    return this.#storeId;
  }

  /** Above every arrival in the store, as far as can be told. */
  get lastArrival(): number {
    return Math.max(this.#lastArrival, this.#storedArrival);
  }

  /** Nothing is damaged or missing. */
  get isSound(): boolean {
    return (
      this.damagedKeys.length === 0 &&
      this.brokenStreams().length === 0 &&
      this.#topicEntries === this.#bundles &&
      this.#storedArrival >= this.#lastArrival
    );
  }

  /** Streams with a hole, and those whose extent is missing. */
  brokenStreams(): readonly BrokenStream[] {
    const orphans = [...this.#runs].map(([id, runs]) => {
      const { first, last } = runs.at(-1)!;
      return { id, extent: undefined, floor: first - 1, frontier: last };
    });
    return [...this.#cut, ...orphans];
  }

  #take(key: Buffer, value: Buffer): boolean {
    switch (key[0]) {
      case rows.ROW.bundle:
        return this.#takeBundle(key, value);
      case rows.ROW.key:
        return rows.keyOfRow(key, value) !== undefined;
      case rows.ROW.about:
        return this.#takeAbout(key, value);
      case rows.ROW.publisher:
        return true;
      case rows.ROW.entry:
        this.#topicEntries++;
        return true;
      case rows.ROW.extent:
        return this.#takeExtent(key, value);
      default:
        return false;
    }
  }

  #takeBundle(key: Buffer, value: Buffer): boolean {
    const id = rows.streamIdOfKey(key);
    const place = rows.placeOfKey(key);
    if (place === undefined || place.byteLength !== value.length || place.firstSeq > place.lastSeq) return false;
    this.#bundles++;
    this.#lastArrival = Math.max(this.#lastArrival, place.arrival);
    const runs = this.#runs.get(id);
    const run = runs?.at(-1);
    if (run !== undefined && place.firstSeq <= run.last + 1) run.last = place.lastSeq;
    else if (runs === undefined) this.#runs.set(id, [{ first: place.firstSeq, last: place.lastSeq }]);
    else runs.push({ first: place.firstSeq, last: place.lastSeq });
    return true;
  }

  #takeAbout(key: Buffer, value: Buffer): boolean {
    if (key.equals(rows.aboutKey('id'))) this.#storeId = value.toString();
    if (key.equals(rows.aboutKey('arrival'))) this.#storedArrival = Number(value.toString());
    return true;
  }

  #takeExtent(key: Buffer, value: Buffer): boolean {
    const extent = rows.extentOfRow(key, value);
    if (extent === undefined) return false;
    const { id, topic, publisher, epoch } = extent.stream;
    if (streamOf(topic, publisher, epoch).id !== id) return false;
    const { floor, frontier } = extent;
    const run = this.#runs.get(id)?.find(({ first, last }) => first <= floor + 1 && last > floor);
    const held = Math.min(frontier, run?.last ?? floor);
    if (held < frontier) this.#cut.push({ id, extent, floor, frontier: held });
    this.#runs.delete(id);
    return true;
  }
}
