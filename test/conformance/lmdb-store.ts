import { LmdbBundleStore } from '../../src/gossip/store/lmdb-bundle-store.service.js';

/** What a store had to say, newest last. */
export type StoreLog = { event: string; fields: object }[];

/** The durable store as a node makes it; not open yet. */
export function lmdbStore(
  folder: string,
  durability: 'async' | 'fsync' = 'async',
  log: StoreLog = [],
  clock: { nowMs: number } = { nowMs: 0 },
): LmdbBundleStore {
  const note = (event: string, fields: object = {}) => void log.push({ event, fields });
  return new LmdbBundleStore({
    folder,
    durability,
    clock: { wallMs: () => 1_700_000_000_000, monotonicMs: () => clock.nowMs },
    logger: { info: note, warn: note, error: note },
  });
}
