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
import type { BundleEntry, BundleStore, HeldExtent, StoredBundle, StoredKey } from './bundle-store.js';
import { DiskRoom } from './disk-room.js';
import { openEnvironment, type Environment } from './lmdb-environment.service.js';
import type { LmdbRows } from './lmdb-rows.adapter.js';
import { PendingWrites, type Drop } from './pending-writes.js';
import { StoreBooks } from './store-books.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { WriteQueue, type Write } from './write-queue.js';

/** A drop that fails is tried so often in all: the first time it may have failed for others' sake. */
const DROP_TRIES = 3;
const STREAMS_PER_TURN = 500;
/** More arrivals than a node gives out before one of them is saved. */
const ARRIVALS_SKIPPED = 2 ** 20;

/** Where a store is, and what it needs. */
export interface LmdbStoreOptions {
  readonly folder: string;
  readonly durability: 'async' | 'fsync';
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly logger: Pick<NodeLogger, 'warn' | 'error' | 'info'>;
}

/** The durable store, in a folder that this process has locked. */
export class LmdbBundleStore implements BundleStore {
  readonly #folder: string;
  readonly #isFlushed: boolean;
  readonly #pending = new PendingWrites();
  readonly #books = new StoreBooks();
  readonly #queue = new WriteQueue<LmdbRows>();
  readonly counters = { recordsDamaged: 0, storesSetAside: 0 };
  readonly #logger: LmdbStoreOptions['logger'];
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #room: DiskRoom;
  #environment: Environment | undefined;
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #isUnflushed = false;
  #hasFailed = false;

  constructor({ folder, durability, clock, logger }: LmdbStoreOptions) {
    this.#folder = folder;
    this.#isFlushed = durability === 'fsync';
    this.#clock = clock;
    this.#room = new DiskRoom(clock);
    this.#logger = logger;
  }

  get id(): string {
    return this.#open.id;
  }

  get pendingBytes(): number {
    return this.#pending.appended.bytes;
  }

  get refusal(): GrapevineError | undefined {
    return this.#room.refusal;
  }

  get failure(): GrapevineError | undefined {
    return this.#room.failure;
  }

  async open(): Promise<void> {
    this.#environment = await openEnvironment(this.#folder, {
      logger: this.#logger,
      counters: this.counters,
      wallMs: () => this.#clock.wallMs(),
    });
    this.#books.load(this.#rows);
    await this.#skipArrivals().catch((cause: unknown) => this.#logger.warn('store.arrivals-unsaved', { cause }));
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
    return [...this.#books.extents.values()];
  }

  append(bundle: StoredBundle, extent: HeldExtent): Promise<void> {
    const { refusal } = this;
    if (refusal !== undefined) return Promise.reject(refusal);
    const entry = entryOf(bundle);
    this.#books.lastArrival = Math.max(this.#books.lastArrival, bundle.arrival);
    this.#books.extents.set(extent.stream.id, extent);
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

  async probe(): Promise<void> {
    const failure = this.#room.look(await this.#rows.freeBytes());
    if (failure !== undefined) throw failure;
    return this.#write(() => this.#saveArrival(), { bytes: 1 });
  }

  saveExtent(extent: HeldExtent): Promise<void> {
    this.#books.extents.set(extent.stream.id, extent);
    return this.#write((database) => database.put(rows.extentKey(extent.stream.id), rows.extentRow(extent)));
  }

  deleteStream(id: StreamId): Promise<void> {
    const extent = this.#books.extents.get(id);
    if (extent === undefined) return Promise.resolve();
    this.#books.extents.delete(id);
    // The extent's row goes last: should the process end in between, it tells the next start what else has to go.
    const emptied = { ...extent, floor: extent.frontier, bytes: 0 };
    return this.#drop(emptied, Number.MAX_SAFE_INTEGER, (database) => {
      if (!this.#books.extents.has(id)) database.remove(rows.extentKey(id));
    });
  }

  dropThroughFloor(extent: HeldExtent): Promise<void> {
    this.#books.extents.set(extent.stream.id, extent);
    return this.#drop(extent, extent.floor);
  }

  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly StoredBundle[] {
    return fitting(this.#withBytes(this.#streamBundles(stream, fromSeq)), Number.MAX_SAFE_INTEGER, bytesMax);
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
    return this.#books.lastArrival;
  }

  publishers(): ReadonlyMap<NodeId, string> {
    return this.#books.publishers;
  }

  savePublisher(publisher: NodeId, recordJws: string): Promise<void> {
    this.#books.publishers.set(publisher, recordJws);
    return this.#write((database) => database.put(rows.publisherKey(publisher), Buffer.from(recordJws)));
  }

  deletePublisher(publisher: NodeId): Promise<void> {
    this.#books.publishers.delete(publisher);
    return this.#write((database) => database.remove(rows.publisherKey(publisher)));
  }

  keys(): ReadonlyMap<string, StoredKey> {
    return this.#books.keys;
  }

  saveKey(key: StoredKey): Promise<void> {
    this.#books.keys.set(key.keyId, key);
    return this.#write((database) => database.put(rows.keyKey(key.keyId), rows.keyRow(key)));
  }

  deleteKey(keyId: string): Promise<void> {
    this.#books.keys.delete(keyId);
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
    const known = this.#books.extents.get(stream)?.stream;
    if (known === undefined) return [];
    return this.#pending.withStream(stream, fromSeq, committedOf(this.#rows, known, fromSeq));
  }

  #topicBundles(topic: string, afterArrival: number): Iterable<BundleEntry | StoredBundle> {
    return this.#pending.withTopic(topic, afterArrival, this.#committedOfTopic(topic, afterArrival));
  }

  *#committedOfTopic(topic: string, afterArrival: number): Generator<BundleEntry> {
    const streamOf = (id: StreamId): Stream | undefined => this.#books.extents.get(id)?.stream;
    for (const { value } of this.#rows.rows(rows.topicRange(topic, afterArrival))) {
      const entry = rows.entryOfRow(value, streamOf);
      // Another topic with the same hash is not expected in a lifetime, but costs only this comparison.
      if (entry?.stream.topic === topic) yield entry;
    }
  }

  *#withBytes(bundles: Iterable<BundleEntry | StoredBundle>): Generator<StoredBundle> {
    for (const bundle of bundles) {
      if ('bytes' in bundle) {
        yield bundle;
        continue;
      }
      const bytes = this.#rows.get(rows.bundleKey(bundle));
      const { byteLength: _, ...place } = bundle;
      if (bytes !== undefined) yield { ...place, bytes };
    }
  }

  /** Saves the extent with the bundles that go. */
  #drop(extent: HeldExtent, throughSeq: number, atLast?: (database: LmdbRows) => void): Promise<void> {
    const drop: Drop = { stream: extent.stream, throughSeq, arrivalMax: this.#books.lastArrival };
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
        this.#room.gaveBack(bytes);
        if (isDone) atLast?.(database);
        return isDone;
      },
      {
        needsCommitted: true,
        committed: () => this.#pending.dropDone(drop),
        again: () => {
          const held = this.#books.extents.get(drop.stream.id);
          if (held === undefined || --triesLeft === 0) return false;
          isSaved = false;
          wanted = this.#above(held, Math.min(throughSeq, extent.floor));
          if (atLast === undefined) this.#books.extents.set(drop.stream.id, wanted);
          else this.#books.extents.delete(drop.stream.id);
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
      this.#room.writing(true);
      await this.#writeBatch(this.#queue.takeBatch());
      this.#room.writing(false);
    }
    this.#writing = undefined;
    if (this.#isFlushed) return;
    this.#isUnflushed = true;
    this.#flushing ??= this.#flushBehind();
  }

  async #writeBatch(batch: readonly Write<LmdbRows>[]): Promise<void> {
    const refusal = await this.#refusal(batch);
    if (refusal !== undefined) return this.#fail(batch, refusal);
    try {
      const unfinished = await this.#commit(batch);
      if (batch.some(({ bytes }) => bytes > 0)) this.#room.written();
      this.#queue.push(...unfinished);
      for (const write of batch) if (!unfinished.has(write)) write.resolve();
    } catch (cause) {
      await this.#moveOn();
      this.#fail(batch, cause as GrapevineError);
    }
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

  /** Why the bundles of a batch find no room. */
  async #refusal(batch: readonly Write<LmdbRows>[]): Promise<GrapevineError | undefined> {
    const bytes = batch.reduce((sum, write) => sum + write.bytes, 0);
    return bytes === 0 ? undefined : this.#room.take(bytes, await this.#rows.freeBytes());
  }

  /** All that is waiting counts on what failed, so it fails too, and reads go back to what is committed. Drops are tried again. */
  #fail(batch: readonly Write<LmdbRows>[], error: GrapevineError): void {
    const failed = [...batch, ...this.#queue.takeAll()];
    this.#room.failed(error);
    this.#pending.clear();
    this.#books.load(this.#rows);
    for (const write of failed) {
      if (write.again()) this.#queue.push(write);
      else write.reject(error);
    }
  }

  /** Pages that a drop gave back can be used again only some commits later: without this a full disk would stay full. */
  async #moveOn(): Promise<void> {
    this.#hasFailed = true;
    await this.#rows.commit(() => this.#saveArrival()).catch(() => undefined);
  }

  #saveArrival(): void {
    this.#rows.put(rows.aboutKey('arrival'), Buffer.from(String(this.#books.lastArrival)));
  }

  /** What was given out before a crash and had been seen, but was not saved, is not given out again. */
  async #skipArrivals(): Promise<void> {
    if (this.#rows.get(rows.aboutKey('arrival')) !== undefined) this.#books.lastArrival += ARRIVALS_SKIPPED;
    await this.#write(() => this.#saveArrival());
    await this.#rows.flush();
  }

  /** What a drop that was cut short by the end of the process left behind, and history that was never completed. */
  async #dropLeftovers(): Promise<void> {
    const database = this.#rows;
    let { start, end } = rows.rowRange('bundle');
    for (let seen = 1; ; seen++) {
      const [key] = database.keys({ start, end, limit: 1 });
      if (key === undefined) return;
      const id = rows.streamIdOfKey(key);
      const extent = this.#books.extents.get(id);
      if (extent !== undefined && rows.lastSeqOfKey(key) <= extent.floor) await this.#drop(extent, extent.floor);
      start = rows.afterStream(id);
      if (seen % STREAMS_PER_TURN === 0) await nextTurn();
    }
  }
}
