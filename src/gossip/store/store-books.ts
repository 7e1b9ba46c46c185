import type { NodeId } from '../../peers/node-id.js';
import type { StreamId } from '../bundles/stream.js';
import * as rows from './bundle-rows.js';
import type { HeldExtent, StoredKey } from './bundle-store.js';
import type { LmdbRows } from './lmdb-rows.adapter.js';

/** What a store keeps in memory of what is in its database. */
export class StoreBooks {
  readonly extents = new Map<StreamId, HeldExtent>();
  readonly publishers = new Map<NodeId, string>();
  readonly keys = new Map<string, StoredKey>();
  /** The highest that was given out, also when its bundle could not be written. */
  lastArrival = 0;

  load(database: LmdbRows): void {
    this.extents.clear();
    this.publishers.clear();
    this.keys.clear();
    for (const { key, value } of database.rows(rows.rowRange('extent'))) {
      const extent = rows.extentOfRow(key, value);
      if (extent !== undefined) this.extents.set(extent.stream.id, extent);
    }
    for (const { key, value } of database.rows(rows.rowRange('publisher'))) {
      this.publishers.set(rows.publisherOfKey(key), value.toString());
    }
    for (const { key, value } of database.rows(rows.rowRange('key'))) {
      const stored = rows.keyOfRow(key, value);
      if (stored !== undefined) this.keys.set(stored.keyId, stored);
    }
    const lastArrival = Number(database.get(rows.aboutKey('arrival'))?.toString() ?? 0);
    this.lastArrival = Math.max(this.lastArrival, lastArrival);
  }
}
