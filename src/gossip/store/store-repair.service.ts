import { CLUSTER_TAG_BYTES, decodeBundle } from '../bundles/bundle.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import * as rows from './bundle-rows.js';
import type { HeldExtent } from './bundle-store.js';
import type { LmdbRows } from './lmdb-rows.adapter.js';
import type { BrokenStream, StoreAudit } from './store-audit.js';

const WRITES_PER_COMMIT = 1_000;
const COMMIT_BYTES_MAX = 8 * 1024 * 1024;

/** What a repair took out, for the log. */
export interface Repaired {
  readonly damagedRecords: number;
  readonly streams: number;
  /** Sound bundles behind a damaged one: fetched again together with it. */
  readonly bundlesDropped: number;
}

/** Takes out what is damaged. Every stream then is held without a hole as far as its extent says, and no farther. */
export async function repair(database: LmdbRows, audit: StoreAudit): Promise<Repaired> {
  const writes = new Writes(database);
  for (const key of audit.damagedKeys) await writes.remove(key);
  await writes.put(rows.aboutKey('arrival'), Buffer.from(String(audit.lastArrival)));
  await writes.done();
  const broken = audit.brokenStreams();
  let bundlesDropped = 0;
  for (const stream of broken) bundlesDropped += await mend(database, writes, stream);
  await writes.done();
  await indexTopics(database, writes);
  await database.flush();
  return { damagedRecords: audit.damagedKeys.length, streams: broken.length, bundlesDropped };
}

/** Brings rows of format 1 to format 2; may be cut short and begun again. */
export async function addChecksums(database: LmdbRows): Promise<void> {
  const writes = new Writes(database);
  for (const { key, row } of database.rawRows()) {
    if (rows.withoutChecksum(key, row) === undefined) await writes.put(key, row);
  }
  await writes.done();
  await database.flush();
}

/** Sets the extent to what is held and removes what lies above. */
async function mend(database: LmdbRows, writes: Writes, broken: BrokenStream): Promise<number> {
  const { id, floor, frontier, extent } = broken;
  const stream = extent?.stream ?? streamOfBundles(database, id, frontier);
  let bytes = 0;
  let changedAtMs = 0;
  let dropped = 0;
  for (const key of database.keys(rows.streamRange(id, 0))) {
    const place = rows.placeOfKey(key);
    if (place === undefined) continue;
    if (stream === undefined || place.lastSeq > frontier) {
      await writes.remove(key);
      dropped++;
    } else if (place.lastSeq > floor) {
      bytes += place.byteLength;
      changedAtMs = place.receivedAtMs;
    }
  }
  if (stream === undefined) return dropped;
  const held: HeldExtent = { stream, floor, frontier, changedAtMs: extent?.changedAtMs ?? changedAtMs, bytes };
  await writes.put(rows.extentKey(id), rows.extentRow(held));
  return dropped;
}

/** What the header of a bundle says of its stream. */
function streamOfBundles(database: LmdbRows, id: StreamId, lastSeq: number): Stream | undefined {
  const [key] = database.keys({ ...rows.streamRange(id, lastSeq), limit: 1 });
  const bytes = key === undefined ? undefined : database.get(key);
  if (bytes === undefined) return undefined;
  const bundle = decodeBundle(bytes, bytes.subarray(1, 1 + CLUSTER_TAG_BYTES));
  return bundle.ok && bundle.value.stream.id === id ? bundle.value.stream : undefined;
}

/** Every bundle gets its entry in the order of its topic, and no entry is left without its bundle. */
async function indexTopics(database: LmdbRows, writes: Writes): Promise<void> {
  for (const { key, value } of database.rows(rows.rowRange('entry'))) {
    if (!database.has(rows.bundleKeyOfRow(value))) await writes.remove(key);
  }
  await writes.done();
  for (const { key, value } of database.rows(rows.rowRange('extent'))) {
    const stream = rows.extentOfRow(key, value)?.stream;
    if (stream === undefined) continue;
    for (const bundle of database.keys(rows.streamRange(stream.id, 0))) {
      const entry = rows.entryOfKey(bundle, stream);
      if (entry === undefined || database.has(rows.topicEntryKey(entry))) continue;
      await writes.put(rows.topicEntryKey(entry), rows.topicEntryRow(entry));
    }
  }
  await writes.done();
}

/** Writes that are committed some at a time. */
class Writes {
  #waiting: (() => void)[] = [];
  #bytes = 0;

  constructor(private readonly database: LmdbRows) {}

  async put(key: Buffer, value: Buffer): Promise<void> {
    this.#bytes += value.length;
    await this.#add(() => this.database.put(key, value));
  }

  async remove(key: Buffer): Promise<void> {
    await this.#add(() => this.database.remove(key));
  }

  async done(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    if (waiting.length === 0) return;
    await this.database.commit(() => waiting.forEach((write) => write()));
  }

  async #add(write: () => void): Promise<void> {
    this.#waiting.push(write);
    if (this.#waiting.length >= WRITES_PER_COMMIT || this.#bytes >= COMMIT_BYTES_MAX) await this.done();
  }
}
