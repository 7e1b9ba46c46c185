import { cp, mkdir, open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import {
  clusterTagOf,
  encodeHeader,
  joinBundle,
  SIGNATURE_BYTES,
  type Bundle,
} from '../../src/gossip/bundles/bundle.js';
import { streamOf, type Stream } from '../../src/gossip/bundles/stream.js';
import type { BundleStore, HeldExtent } from '../../src/gossip/store/bundle-store.js';
import { Random } from '../../src/runtime/random.js';
import { lmdbStore } from './lmdb-store.js';

const PUBLISHER = 'A'.repeat(43);
const KEY_ID = 'A'.repeat(22);
const STREAMS = Array.from({ length: 8 }, (_, at) => streamOf(`topic.${at % 3}`, PUBLISHER, at + 1));
const BUNDLES_PER_STREAM = 120;
const DROPPED = 30;
const PAGE_BYTES = 4_096;

/** What came of one damaged store. */
export type Outcome = 'harmless' | 'records set aside' | 'store set aside';

/** A store with bundles of all sizes in some streams, some of them dropped again. */
export async function makeStore(folder: string): Promise<void> {
  const store = lmdbStore(folder);
  await store.open();
  await fill(store, 1, BUNDLES_PER_STREAM);
  for (const stream of STREAMS.slice(0, 3)) await store.dropThroughFloor(extentOf(stream, DROPPED, BUNDLES_PER_STREAM));
  await store.savePublisher(PUBLISHER, 'record');
  await store.saveKey({ keyId: KEY_ID, stream: STREAMS[0]!.id, firstSeq: 1, wrapped: Buffer.alloc(40, 7) });
  await store.close();
}

/**
 * Damages a copy of the store as `seed` has it and opens it. Throws when that fails, when anything is read that was not
 * written, when something is missing that nobody was told of, or when the store is of no use afterwards.
 */
export async function tryDamage(template: string, folder: string, seed: number): Promise<Outcome> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const copy = join(folder, 'store');
  await cp(template, copy, { recursive: true });
  await damage(copy, new Random(seed));
  const store = lmdbStore(copy);
  await store.open();
  const { recordsDamaged, storesSetAside } = store.counters;
  const missing = checkContent(store);
  const isNoted = recordsDamaged + storesSetAside > 0;
  if (missing > 0 && !isNoted) throw new Error(`${missing} are missing and nobody was told`);
  const frontiers = new Map(store.extents().map(({ stream, frontier }) => [stream.id, frontier]));
  await fill(store, 1, BUNDLES_PER_STREAM + 20, (stream) => frontiers.get(stream.id) ?? 0);
  await store.close();
  await checkRepaired(copy);
  if (storesSetAside > 0) return 'store set aside';
  return isNoted ? 'records set aside' : 'harmless';
}

async function checkRepaired(folder: string): Promise<void> {
  const store = lmdbStore(folder);
  await store.open();
  const { recordsDamaged, storesSetAside } = store.counters;
  if (recordsDamaged + storesSetAside > 0) throw new Error('the repaired store is damaged');
  checkContent(store);
  for (const { frontier } of store.extents()) {
    if (frontier !== BUNDLES_PER_STREAM + 20) throw new Error('the repaired store has not got what was written to it');
  }
  await store.close();
}

/** How much of what `makeStore` wrote is missing. All that is there must be as it was written. */
function checkContent(store: BundleStore): number {
  let held = 0;
  for (const { stream, floor, frontier } of store.extents()) {
    const known = STREAMS.find(({ id }) => id === stream.id);
    if (known === undefined) throw new Error('a stream that never was');
    let next = floor + 1;
    for (const { firstSeq, lastSeq, bytes } of store.read(stream.id, floor + 1, Number.MAX_SAFE_INTEGER)) {
      if (firstSeq !== next) throw new Error(`seq ${next} is said to be held and is not`);
      if (!bytes.equals(bundleAt(known, firstSeq).bytes)) throw new Error(`other bytes were read than written`);
      next = lastSeq + 1;
    }
    if (next !== frontier + 1) throw new Error(`held up to ${next - 1}, said ${frontier}`);
    held += Math.min(frontier, BUNDLES_PER_STREAM) - Math.max(floor, 0);
  }
  let entries = 0;
  for (const topic of new Set(STREAMS.map((stream) => stream.topic))) {
    let after = 0;
    for (const { arrival, stream, firstSeq, bytes } of store.readTopic(topic, 0, 1e9, Number.MAX_SAFE_INTEGER)) {
      if (arrival <= after) throw new Error('arrivals are out of order');
      if (!bytes.equals(bundleAt(stream, firstSeq).bytes))
        throw new Error('other bytes were read by topic than written');
      after = arrival;
      entries++;
    }
  }
  const inExtents = store.extents().reduce((sum, { floor, frontier }) => sum + frontier - floor, 0);
  if (entries < inExtents) throw new Error(`the topics have ${entries} bundles of ${inExtents}`);
  const record = store.publishers().get(PUBLISHER);
  if (record !== undefined && record !== 'record') throw new Error('another record was read than written');
  const key = store.keys().get(KEY_ID);
  if (key !== undefined && !key.wrapped.equals(Buffer.alloc(40, 7))) throw new Error('another key was read');
  const lost = STREAMS.length * BUNDLES_PER_STREAM - 3 * DROPPED - held;
  return Math.max(0, lost) + (record === undefined ? 1 : 0) + (key === undefined ? 1 : 0);
}

async function damage(folder: string, random: Random): Promise<void> {
  const path = join(folder, random.int(20) === 0 ? random.pick(['format.json', 'lock.mdb'])! : 'data.mdb');
  const { size } = await stat(path);
  const kind = random.pick([
    'flips',
    'flips',
    'flips',
    'flip in the head',
    'truncation',
    'empty page',
    'swapped pages',
  ])!;
  const at = path.endsWith('data.mdb') ? kind : 'flips';
  if (at === 'truncation') return truncate(path, random.int(size));
  const file = await open(path, 'r+');
  const page = (): number => PAGE_BYTES * random.int(Math.floor(size / PAGE_BYTES));
  const read = async (offset: number, length: number): Promise<Buffer> =>
    (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
  try {
    if (at === 'empty page') await file.write(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, page());
    if (at === 'swapped pages') {
      const [one, two] = [page(), page()];
      const bytes = await read(one, PAGE_BYTES);
      await file.write(await read(two, PAGE_BYTES), 0, PAGE_BYTES, one);
      await file.write(bytes, 0, PAGE_BYTES, two);
    }
    if (!at.startsWith('flip')) return;
    for (let flips = 1 + random.int(4); flips > 0; flips--) {
      // Where one flip is, the next is often near.
      const offset = random.int(at === 'flips' ? size : 2 * PAGE_BYTES);
      const byte = await read(offset, 1);
      byte[0]! ^= 1 << random.int(8);
      await file.write(byte, 0, 1, offset);
    }
  } finally {
    await file.close();
  }
}

async function fill(
  store: BundleStore,
  first: number,
  last: number,
  after: (stream: Stream) => number = () => 0,
): Promise<void> {
  const writes: Promise<void>[] = [];
  let arrival = store.lastArrival();
  const floors = new Map(store.extents().map(({ stream, floor }) => [stream.id, floor]));
  for (let seq = first; seq <= last; seq++) {
    for (const stream of STREAMS) {
      if (seq <= after(stream)) continue;
      const { bytes } = bundleAt(stream, seq);
      const place = { stream, firstSeq: seq, lastSeq: seq, arrival: ++arrival, receivedAtMs: seq };
      const floor = floors.get(stream.id) ?? 0;
      writes.push(store.append({ ...place, bytes }, extentOf(stream, floor, seq)));
    }
  }
  await Promise.all(writes);
}

function extentOf(stream: Stream, floor: number, frontier: number): HeldExtent {
  return { stream, floor, frontier, changedAtMs: 5, bytes: 0 };
}

/** Most are small, some fill pages of their own. */
function bundleAt(stream: Stream, seq: number): Bundle {
  const fields = { stream, firstSeq: seq, lastSeq: seq, keyId: KEY_ID, counter: 0, timeMs: 5, ttlMs: undefined };
  const ciphertext = Buffer.alloc(seq % 10 === 0 ? 2_000 * (1 + (seq % 7)) : 60 + seq, seq + stream.epoch);
  const header = encodeHeader(fields, clusterTagOf('grapevine'), ciphertext.length);
  return joinBundle(fields, { header, ciphertext, signature: Buffer.alloc(SIGNATURE_BYTES, seq) });
}
