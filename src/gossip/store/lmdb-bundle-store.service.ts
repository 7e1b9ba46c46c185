/**
 * Bundles in LMDB. Writes wait in one queue; all that is waiting goes into one transaction, and the next starts when that one
 * is committed (flushed, with `fsync`): group commit that grows with the load. Until then reads are served from what is
 * pending. Large drops are cut into transactions of bounded size.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.js';
import { GrapevineError } from '../../runtime/errors.js';
import type { NodeLogger } from '../../runtime/node-logger.service.js';
import type { NodeId } from '../../peers/node-id.js';
import { committedOf, removeSome } from './committed-bundles.js';
import { asEntry, entryOf, firstOf, fitting } from './bundle-index.js';
import * as rows from './bundle-rows.js';
import type { BundleEntry, BundleStore, HeldExtent, StoreCounters, StoredBundle, StoredKey } from './bundle-store.js';
import { openEnvironment, type Environment } from './lmdb-environment.service.js';
import { RESERVED_BYTES, type LmdbRows } from './lmdb-rows.adapter.js';
import { PendingWrites, type Drop } from './pending-writes.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { WriteQueue, type Write } from './write-queue.js';

/** A drop that fails is tried so often in all: the first time it may have failed for others' sake. */
const DROP_TRIES = 3;
const STREAMS_PER_TURN = 500;

/** Where a store is, and what it needs. */
export interface LmdbStoreOptions {
  readonly folder: string;
  readonly durability: 'async' | 'fsync';
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Pick<NodeLogger, 'warn' | 'error' | 'info'>;
}

/** The durable store, in a folder that this process has locked. */
export class LmdbBundleStore implements BundleStore {
  readonly #folder: string;
  readonly #isFlushed: boolean;
  readonly #pending = new PendingWrites();
  readonly #extents = new Map<StreamId, HeldExtent>();
  readonly #publishers = new Map<NodeId, string>();
  readonly #keys = new Map<string, StoredKey>();
  readonly #queue = new WriteQueue<LmdbRows>();
  readonly #counters = { recordsDamaged: 0, storesSetAside: 0 };
  readonly #logger: LmdbStoreOptions['logger'];
  readonly #clock: Pick<Clock, 'wallMs'>;
  #environment: Environment | undefined;
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #isUnflushed = false;
  #lastArrival = 0;
  /** Bytes of bundles that were dropped and whose room was not used again yet. */
  #reusableBytes = 0;
  #hasFailed = false;

  constructor({ folder, durability, clock, logger }: LmdbStoreOptions) {
    this.#folder = folder;
    this.#isFlushed = durability === 'fsync';
    this.#clock = clock;
    this.#logger = logger;
  }

  get id(): string {
    return this.#open.id;
  }

  get pendingBytes(): number {
    return this.#pending.appended.bytes;
  }

  get counters(): StoreCounters {
    return this.#counters;
  }

  async open(): Promise<void> {
    this.#environment = await openEnvironment(this.#folder, {
      logger: this.#logger,
      counters: this.#counters,
      wallMs: () => this.#clock.wallMs(),
    });
    this.#reload();
    // On a full disk they stay until the next start.
    await this.#dropLeftovers().catch((cause: unknown) => this.#logger.warn('store.leftovers-stay', { cause }));
  }

  async close(): Promise<void> {
    const environment = this.#environment;
    if (environment === undefined) return;
    while (this.#writing !== undefined) await this.#writing;
    await this.#flushing;
    this.#environment = undefined;
    await environment.rows.flush().catch((cause: unknown) => this.#logger.warn('store.not-flushed', { cause }));
    const closed = environment.rows.close();
    // After a commit that failed the database may never say that it is closed; what is committed is safe without.
    if (!this.#hasFailed) await closed;
  }

  extents(): readonly HeldExtent[] {
    return [...this.#extents.values()];
  }

  append(bundle: StoredBundle, extent: HeldExtent): Promise<void> {
    const entry = entryOf(bundle);
    this.#lastArrival = Math.max(this.#lastArrival, bundle.arrival);
    this.#extents.set(extent.stream.id, extent);
    this.#pending.appended.add(bundle);
    return this.#write(
      (database) => {
        database.put(rows.bundleKey(entry), bundle.bytes);
        database.put(rows.topicEntryKey(entry), rows.topicEntryRow(entry));
        database.put(rows.extentKey(extent.stream.id), rows.extentRow(extent));
        database.put(rows.aboutKey('arrival'), Buffer.from(String(bundle.arrival)));
      },
      { bytes: bundle.bytes.length, committed: () => this.#pending.appended.remove(bundle) },
    );
  }

  saveExtent(extent: HeldExtent): Promise<void> {
    this.#extents.set(extent.stream.id, extent);
    return this.#write((database) => database.put(rows.extentKey(extent.stream.id), rows.extentRow(extent)));
  }

  deleteStream(id: StreamId): Promise<void> {
    const extent = this.#extents.get(id);
    if (extent === undefined) return Promise.resolve();
    this.#extents.delete(id);
    // The extent's row goes last: should the process end in between, it tells the next start what else has to go.
    const emptied = { ...extent, floor: extent.frontier, bytes: 0 };
    return this.#drop(emptied, Number.MAX_SAFE_INTEGER, (database) => {
      if (!this.#extents.has(id)) database.remove(rows.extentKey(id));
    });
  }

  dropThroughFloor(extent: HeldExtent): Promise<void> {
    this.#extents.set(extent.stream.id, extent);
    return this.#drop(extent, extent.floor);
  }

  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly StoredBundle[] {
    const entries = this.#streamBundles(stream, fromSeq);
    return fitting(this.#withBytes(entries), Number.MAX_SAFE_INTEGER, bytesMax);
  }

  streamEntries(stream: StreamId, fromSeq: number, limit: number): readonly BundleEntry[] {
    return firstOf(this.#streamBundles(stream, fromSeq), limit).map(asEntry);
  }

  readTopic(topic: string, afterArrival: number, limit: number, bytesMax: number): readonly StoredBundle[] {
    return fitting(this.#withBytes(this.#topicBundles(topic, afterArrival)), limit, bytesMax);
  }

  entries(topic: string, afterArrival: number, limit: number): readonly BundleEntry[] {
    return firstOf(this.#topicBundles(topic, afterArrival), limit).map(asEntry);
  }

  lastArrival(): number {
    return this.#lastArrival;
  }

  publishers(): ReadonlyMap<NodeId, string> {
    return this.#publishers;
  }

  savePublisher(publisher: NodeId, recordJws: string): Promise<void> {
    this.#publishers.set(publisher, recordJws);
    return this.#write((database) => database.put(rows.publisherKey(publisher), Buffer.from(recordJws)));
  }

  deletePublisher(publisher: NodeId): Promise<void> {
    this.#publishers.delete(publisher);
    return this.#write((database) => database.remove(rows.publisherKey(publisher)));
  }

  keys(): ReadonlyMap<string, StoredKey> {
    return this.#keys;
  }

  saveKey(key: StoredKey): Promise<void> {
    this.#keys.set(key.keyId, key);
    return this.#write((database) => database.put(rows.keyKey(key.keyId), rows.keyRow(key)));
  }

  deleteKey(keyId: string): Promise<void> {
    this.#keys.delete(keyId);
    return this.#write((database) => database.remove(rows.keyKey(keyId)));
  }

  get #rows(): LmdbRows {
    return this.#open.rows;
  }

  get #open(): Environment {
    if (this.#environment === undefined) throw new GrapevineError('internal', 'the store is not open');
    return this.#environment;
  }

  #streamBundles(stream: StreamId, fromSeq: number): Iterable<BundleEntry | StoredBundle> {
    const known = this.#extents.get(stream)?.stream;
    if (known === undefined) return [];
    return this.#pending.withStream(stream, fromSeq, committedOf(this.#rows, known, fromSeq));
  }

  #topicBundles(topic: string, afterArrival: number): Iterable<BundleEntry | StoredBundle> {
    return this.#pending.withTopic(topic, afterArrival, this.#committedOfTopic(topic, afterArrival));
  }

  *#committedOfTopic(topic: string, afterArrival: number): Generator<BundleEntry> {
    const streamOf = (id: StreamId): Stream | undefined => this.#extents.get(id)?.stream;
    for (const { value } of this.#rows.rows(rows.topicRange(topic, afterArrival))) {
      const entry = rows.entryOfRow(value, streamOf);
      // Another topic with the same hash is not expected in a lifetime, but costs only this comparison.
      if (entry?.stream.topic === topic) yield entry;
    }
  }

  *#withBytes(bundles: Iterable<BundleEntry | StoredBundle>): Generator<StoredBundle> {
    const database = this.#rows;
    for (const bundle of bundles) {
      if ('bytes' in bundle) {
        yield bundle;
        continue;
      }
      const bytes = database.get(rows.bundleKey(bundle));
      const { byteLength: _, ...place } = bundle;
      if (bytes !== undefined) yield { ...place, bytes };
    }
  }

  /** Saves the extent with the bundles that go. */
  #drop(extent: HeldExtent, throughSeq: number, atLast?: (database: LmdbRows) => void): Promise<void> {
    const drop: Drop = { stream: extent.stream, throughSeq, arrivalMax: this.#lastArrival };
    this.#pending.addDrop(drop);
    let wanted = extent;
    let isSaved = false;
    let triesLeft = DROP_TRIES;
    return this.#write(
      (database) => {
        // Once only: what is appended while the drop goes on saves newer ones.
        if (!isSaved) database.put(rows.extentKey(drop.stream.id), rows.extentRow(wanted));
        isSaved = true;
        const { isDone, bytes } = removeSome(database, drop);
        this.#reusableBytes += bytes;
        if (isDone) atLast?.(database);
        return isDone;
      },
      {
        needsCommitted: true,
        committed: () => this.#pending.dropDone(drop),
        again: () => {
          const held = this.#extents.get(drop.stream.id);
          if (held === undefined || --triesLeft === 0) return false;
          isSaved = false;
          wanted = this.#above(held, Math.min(throughSeq, extent.floor));
          if (atLast === undefined) this.#extents.set(drop.stream.id, wanted);
          else this.#extents.delete(drop.stream.id);
          this.#pending.addDrop(drop);
          return true;
        },
      },
    );
  }

  /** What is left of a stream when all up to `floor` goes. */
  #above(held: HeldExtent, floor: number): HeldExtent {
    if (floor <= held.floor) return held;
    let bytes = 0;
    for (const entry of this.#streamBundles(held.stream.id, floor + 1)) bytes += asEntry(entry).byteLength;
    return { ...held, floor, frontier: Math.max(floor, held.frontier), bytes };
  }

  #write(
    apply: (database: LmdbRows) => boolean | void,
    options: { bytes?: number; needsCommitted?: boolean; committed?: () => void; again?: () => boolean } = {},
  ): Promise<void> {
    if (this.#environment === undefined) {
      return Promise.reject(new GrapevineError('internal', 'the store is not open'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({
        bytes: options.bytes ?? 0,
        needsCommitted: options.needsCommitted ?? false,
        apply: (database) => apply(database) !== false,
        again: options.again ?? (() => false),
        resolve: () => {
          options.committed?.();
          resolve();
        },
        reject,
      });
      this.#writing ??= this.#writeQueue();
    });
  }

  async #writeQueue(): Promise<void> {
    // What the rest of this turn writes goes into the same transaction.
    await nextTurn();
    while (this.#queue.size > 0) {
      const batch = this.#queue.takeBatch();
      const refusal = await this.#refusal(batch);
      if (refusal !== undefined) {
        this.#fail(batch, refusal);
        continue;
      }
      try {
        const unfinished = await this.#commit(batch);
        this.#queue.push(...unfinished);
        for (const write of batch) if (!unfinished.has(write)) write.resolve();
      } catch (cause) {
        await this.#moveOn();
        this.#fail(batch, cause as GrapevineError);
      }
    }
    this.#writing = undefined;
    if (this.#isFlushed) return;
    this.#isUnflushed = true;
    this.#flushing ??= this.#flushBehind();
  }

  /** What was committed last is on disk soon, though nobody waits for it. */
  async #flushBehind(): Promise<void> {
    while (this.#isUnflushed) {
      this.#isUnflushed = false;
      await this.#rows.flush().catch((cause: unknown) => this.#logger.warn('store.not-flushed', { cause }));
    }
    this.#flushing = undefined;
  }

  async #commit(batch: readonly Write<LmdbRows>[]): Promise<ReadonlySet<Write<LmdbRows>>> {
    const database = this.#rows;
    const unfinished = new Set<Write<LmdbRows>>();
    await database.commit(() => {
      for (const write of batch) if (!write.apply(database)) unfinished.add(write);
    });
    if (this.#isFlushed) await database.flush();
    return unfinished;
  }

  /** Bundles are not taken on a disk that counts as full, except where a drop has made room in the database. */
  async #refusal(batch: readonly Write<LmdbRows>[]): Promise<GrapevineError | undefined> {
    const bytes = batch.reduce((sum, write) => sum + write.bytes, 0);
    if (bytes === 0) return undefined;
    const roomBytes = (await this.#rows.freeBytes()) + this.#reusableBytes;
    if (roomBytes < RESERVED_BYTES + bytes) {
      return new GrapevineError('store-full', 'the disk under the data folder is full');
    }
    this.#reusableBytes = Math.max(0, this.#reusableBytes - bytes);
    return undefined;
  }

  /** All that is waiting counts on what failed, so it fails too, and reads go back to what is committed. Drops are tried again. */
  #fail(batch: readonly Write<LmdbRows>[], error: GrapevineError): void {
    const failed = [...batch, ...this.#queue.takeAll()];
    this.#pending.clear();
    this.#reload();
    for (const write of failed) {
      if (write.again()) this.#queue.push(write);
      else write.reject(error);
    }
  }

  /** Pages that a drop gave back can be used again only some commits later: without this a full disk would stay full. */
  async #moveOn(): Promise<void> {
    this.#hasFailed = true;
    const arrival = Buffer.from(String(this.#lastArrival));
    await this.#rows.commit(() => this.#rows.put(rows.aboutKey('arrival'), arrival)).catch(() => undefined);
  }

  #reload(): void {
    const database = this.#rows;
    this.#extents.clear();
    this.#publishers.clear();
    this.#keys.clear();
    for (const { key, value } of database.rows(rows.rowRange('extent'))) {
      const extent = rows.extentOfRow(key, value);
      if (extent !== undefined) this.#extents.set(extent.stream.id, extent);
    }
    for (const { key, value } of database.rows(rows.rowRange('publisher'))) {
      this.#publishers.set(rows.publisherOfKey(key), value.toString());
    }
    for (const { key, value } of database.rows(rows.rowRange('key'))) {
      const stored = rows.keyOfRow(key, value);
      if (stored !== undefined) this.#keys.set(stored.keyId, stored);
    }
    const lastArrival = Number(database.get(rows.aboutKey('arrival'))?.toString() ?? 0);
    this.#lastArrival = Math.max(this.#lastArrival, lastArrival);
  }

  /** What a drop that was cut short by the end of the process left behind, and history that was never completed. */
  async #dropLeftovers(): Promise<void> {
    const database = this.#rows;
    let { start, end } = rows.rowRange('bundle');
    for (let seen = 1; ; seen++) {
      const [key] = database.keys({ start, end, limit: 1 });
      if (key === undefined) return;
      const id = rows.streamIdOfKey(key);
      const extent = this.#extents.get(id);
      if (extent !== undefined && rows.lastSeqOfKey(key) <= extent.floor) await this.#drop(extent, extent.floor);
      start = rows.afterStream(id);
      if (seen % STREAMS_PER_TURN === 0) await nextTurn();
    }
  }
}
