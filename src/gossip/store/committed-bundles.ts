import * as rows from './bundle-rows.js';
import type { BundleEntry } from './bundle-store.js';
import type { LmdbRows } from './lmdb-rows.adapter.js';
import { isCovered, type Drop } from './pending-writes.js';
import type { Stream } from '../bundles/stream.js';

const BUNDLES_PER_DROP_MAX = 128;

/** Index entries of a stream's bundles that are in the database, in order. */
export function* committedOf(database: LmdbRows, stream: Stream, fromSeq: number): Generator<BundleEntry> {
  for (const key of database.keys(rows.streamRange(stream.id, fromSeq))) {
    const entry = rows.entryOfKey(key, stream);
    if (entry !== undefined) yield entry;
  }
}

/** Removes the rows of a bounded number of bundles, and tells how large they were. */
export function removeSome(database: LmdbRows, drop: Drop): { isDone: boolean; bytes: number } {
  const { start } = rows.streamRange(drop.stream.id, 0);
  const end = rows.afterSeq(drop.stream.id, drop.throughSeq);
  let removed = 0;
  let bytes = 0;
  for (const key of database.keys({ start, end })) {
    const entry = rows.entryOfKey(key, drop.stream);
    if (entry === undefined || !isCovered(entry, drop)) continue;
    if (removed === BUNDLES_PER_DROP_MAX) return { isDone: false, bytes };
    database.remove(key);
    database.remove(rows.topicEntryKey(entry));
    removed++;
    bytes += entry.byteLength;
  }
  return { isDone: true, bytes };
}
