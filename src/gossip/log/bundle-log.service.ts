/**
 * The node's log: every bundle that it holds, of its own streams and of others'. Per stream it holds (floor, frontier] without a hole;
 * it gives out arrivals, keeps the books per topic, and drops what retention says, a little at a time.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { NodeId } from '../../peers/node-id.js';
import { Alarms, type Alarm } from '../../runtime/alarms.service.js';
import { GrapevineError } from '../../runtime/errors.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { Backfills } from './backfills.js';
import {
  BUNDLE_STORE,
  type BundleStore,
  type HeldExtent,
  type StoredBundle,
  type StreamExtent,
} from '../store/bundle-store.js';
import { clusterTagOf, type Bundle } from '../bundles/bundle.js';
import { LogKeys } from './log-keys.js';
import { LogReads, type LoggedBundle, type Passed } from './log-reads.js';
import { LogRetention } from './log-retention.service.js';
import { LogTable, type TopicUsage } from './log-table.js';
import type { Stream, StreamId } from '../bundles/stream.js';

export type { LoggedBundle } from './log-reads.js';
export type { TopicUsage } from './log-table.js';

/** Streams that are remembered; above it those go whose frontier has not moved for longest, empty ones first. */
export const LOG_STREAMS_MAX = 100_000;
/** Streams that are looked at for an empty one. */
const MAKE_WAY_LOOKS_MAX = 64;
/** Bytes that one read of a topic returns, unless told otherwise. */
const READ_BYTES = 4 * 1024 * 1024;
/** Retention waits so long after a bound was passed, so that it drops more than one bundle at a time. */
const OVERFLOW_DELAY_MS = 50;
const SWEEP_PERIOD_MS = { min: 500, max: 60_000 };
/** A store that failed is tried so often, by a sweep, whether anybody writes or not. */
const PROBE_PERIOD_MS = 5_000;
/** History that has not grown for so long will not be completed. */
const BACKFILL_STALE_MS = 600_000;

/** A bundle's place in the order of arrival, at once, and when it is in the store for good. */
export interface Appended {
  readonly arrival: number;
  /** Rejects with a GrapevineError `store-full`, `store-failing` or `internal`; the frontier is then back where the store has it. */
  readonly committed: Promise<void>;
}

/** Told of what the log holds no longer; declared here, implemented above. */
export interface LogListener {
  /** Everything of the stream up to `floor` was dropped. */
  floorMoved(stream: StreamId, floor: number): void;
  /** Older history of the stream that was prepended below `floor` is not there any more. */
  historyLost(stream: StreamId, floor: number): void;
}

type NewBundle = Pick<Bundle, 'stream' | 'firstSeq' | 'lastSeq' | 'keyId' | 'bytes'>;

/** The log, see above. */
@Injectable()
export class BundleLog {
  readonly #table = new LogTable();
  readonly #keys = new LogKeys();
  readonly #backfills = new Backfills();
  readonly #reads: LogReads;
  readonly #alarm: Alarm;
  readonly #retention: LogRetention;
  #listener: LogListener | undefined;
  #lastArrival = 0;
  #lastFailure: unknown;
  #sweepDueMs = Infinity;
  #sweeping: Promise<void> | undefined;

  constructor(
    @Inject(BUNDLE_STORE) private readonly store: BundleStore,
    private readonly settings: Settings,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#reads = new LogReads(store, clusterTagOf(settings.clusterName), {
      found: (bundle) => this.#useKey(bundle),
      damaged: ({ stream, arrival }, reason) =>
        logger.error('log.bundle-damaged', { stream: stream.id, arrival, reason }),
      failed: (cause) => logger.error('log.read-failed', { cause }),
    });
    this.#retention = new LogRetention(store, this.#table, settings, clock, {
      drop: (extent, floor, bytes) => this.#dropped(extent, floor, bytes),
      forget: (stream) => this.forget(stream),
      forgetPublisher: (publisher) => this.#writing(store.deletePublisher(publisher)),
      forgetKey: (keyId) => this.#writing(store.deleteKey(keyId)),
    });
    this.#alarm = alarms.create('gossip.retention', () => void this.sweep());
  }

  /** Opens the store; nothing else may be asked before. A StartError when it is damaged or of another format. */
  async open(): Promise<void> {
    await this.store.open();
    this.#reload();
    this.#sweepAt(this.clock.monotonicMs() + SWEEP_PERIOD_MS.min);
  }

  attach(listener: LogListener): void {
    this.#listener = listener;
  }

  /** What others may know of the store; its id names the order of arrivals in cursors. */
  get storeState(): Pick<BundleStore, 'id' | 'counters' | 'refusal' | 'failure'> {
    return this.store;
  }

  /** When anything in the log changed last, by the wall clock of then; 0 when there is nothing. */
  get newestMs(): number {
    return this.#table.newestMs;
  }

  /** Adds the next bundle of its stream; a stream that is new here begins at `floor`. */
  append(bundle: NewBundle, floor = bundle.firstSeq - 1): Appended {
    const { stream, firstSeq, lastSeq } = bundle;
    const nowMs = this.clock.wallMs();
    const arrival = ++this.#lastArrival;
    const { refusal } = this.store;
    if (refusal !== undefined) return { arrival, committed: Promise.reject(refusal) };
    const held = this.#table.get(stream.id) ?? this.#newExtent(stream, floor);
    if (firstSeq > held.frontier + 1 || lastSeq <= held.frontier) {
      const detail = `bundle ${firstSeq}–${lastSeq} does not follow ${held.frontier} of its stream`;
      return { arrival, committed: Promise.reject(new GrapevineError('internal', detail)) };
    }
    const extent = { ...held, frontier: lastSeq, changedAtMs: nowMs, bytes: held.bytes + bundle.bytes.length };
    this.#table.put(extent);
    this.#useKey(bundle);
    const committed = this.#writing(this.store.append(storedOf(bundle, arrival, nowMs), extent));
    if (this.#retention.isOverBounds(stream.topic)) this.#sweepAt(this.clock.monotonicMs() + OVERFLOW_DELAY_MS);
    return { arrival, committed };
  }

  /** Adds the next bundle of an own stream: nobody reads it before it is in the store for good. */
  appendOwn(bundle: NewBundle): Appended {
    const { id } = bundle.stream;
    const frontier = this.#table.get(id)?.frontier ?? bundle.firstSeq - 1;
    const { arrival, committed } = this.append(bundle);
    this.#reads.hide(id, arrival, frontier);
    return { arrival, committed: committed.finally(() => this.#reads.reveal(id, arrival)) };
  }

  /** Adds older history below the floor, in order; `setExtent` lowers the floor when all of it is there. */
  prepend(bundle: NewBundle): Promise<void> {
    const { stream, lastSeq } = bundle;
    const extent = this.#table.get(stream.id);
    if (extent === undefined) return Promise.reject(new GrapevineError('internal', 'history of an unknown stream'));
    const { refusal } = this.store;
    if (refusal !== undefined) return Promise.reject(refusal);
    const nowMs = this.clock.wallMs();
    const began = this.#backfills.add(bundle, nowMs);
    if (began === 'anew') this.#unattended(this.store.dropThroughFloor(extent));
    this.#useKey(bundle);
    const [held] = this.#reads.entries(stream.id, lastSeq, 1);
    if (held?.lastSeq === lastSeq && lastSeq > extent.floor) return Promise.resolve();
    this.#backfills.grew(stream.id, bundle.bytes.length);
    // No younger than what follows it, so that age grows from the frontier to the floor.
    const [lowest] = this.#reads.entries(stream.id, extent.floor + 1, 1);
    const receivedAtMs = Math.min(nowMs, lowest?.receivedAtMs ?? extent.changedAtMs);
    return this.#writing(this.store.append(storedOf(bundle, ++this.#lastArrival, receivedAtMs), extent));
  }

  /**
   * Sets what is held of a stream other than by a bundle: a new stream begins at `floor`, which may be a guess; a higher floor drops what
   * lies below; a lower one takes in the history that was prepended, and is refused (with `historyLost`) when that is not all here.
   */
  setExtent(stream: Stream, floor: number, frontier: number, openFrom?: number): Promise<void> {
    const held = this.#table.get(stream.id);
    if (held === undefined) {
      return this.#save({ ...this.#newExtent(stream, floor), frontier: Math.max(floor, frontier), openFrom });
    }
    if (floor > held.floor) return this.#raiseFloor(held, floor);
    if (floor === held.floor) {
      return openFrom === held.openFrom ? Promise.resolve() : this.#save({ ...held, openFrom });
    }
    const bytes = this.#backfills.take(stream.id, floor, held.floor);
    if (bytes === undefined) {
      this.#listener?.historyLost(stream.id, held.floor);
      return this.#writing(this.store.dropThroughFloor(held));
    }
    return this.#save({ ...held, floor, bytes: held.bytes + bytes, openFrom });
  }

  /** Drops a stream and all that is known of it. */
  forget(stream: StreamId): Promise<void> {
    this.#table.delete(stream);
    this.#backfills.drop(stream);
    for (const keyId of this.#keys.takeAll(stream)) this.#unattended(this.store.deleteKey(keyId));
    return this.#writing(this.store.deleteStream(stream));
  }

  extent(stream: StreamId): StreamExtent | undefined {
    return this.#table.get(stream);
  }

  /** What can be read of each stream. */
  *extents(): Iterable<StreamExtent> {
    for (const extent of this.#table.extents()) yield this.#reads.readable(extent);
  }

  /** What can be read of the streams whose topic matches a topic or pattern; may be gone through over several turns. */
  *extentsOf(pattern: string): Iterable<StreamExtent> {
    for (const extent of this.#table.extentsOf(pattern)) yield this.#reads.readable(extent);
  }

  /** Nothing of the stream is held any more. */
  isEmpty(stream: StreamId): boolean {
    const extent = this.#table.get(stream);
    return extent === undefined || extent.floor === extent.frontier;
  }

  /** What can be read of a stream. */
  readable(stream: StreamId): StreamExtent | undefined {
    const extent = this.#table.get(stream);
    return extent === undefined ? undefined : this.#reads.readable(extent);
  }

  /** See `LogReads.passOver`. */
  passOver(...look: Parameters<LogReads['passOver']>): Passed | undefined {
    return this.#reads.passOver(...look);
  }

  /** How much is held of each topic. */
  topics(): readonly TopicUsage[] {
    return this.#table.topics();
  }

  /** Bundles of a stream in order, from the one that contains `fromSeq`; as many as fit in `bytesMax`, at least one if any. */
  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly LoggedBundle[] {
    const floor = this.#table.get(stream)?.floor ?? 0;
    return this.#reads.ofStream(stream, Math.max(fromSeq, floor + 1), bytesMax);
  }

  /** Bundles of a topic in order of arrival; the first and last of a stream may reach below its floor. */
  readTopic(topic: string, afterArrival: number, limit: number, bytesMax = READ_BYTES): readonly LoggedBundle[] {
    return this.#reads.ofTopic(topic, afterArrival, limit, bytesMax);
  }

  /** The last seq of the stream that was received before `wallMs` of the local clock; its floor when none was. */
  seqBefore(stream: StreamId, wallMs: number): number {
    const extent = this.#table.get(stream);
    return extent === undefined ? 0 : this.#reads.seqBefore(extent, wallMs);
  }

  /** The signed records of publishers of what is held, as they were saved. */
  publishers(): ReadonlyMap<NodeId, string> {
    return this.store.publishers();
  }

  /** Keeps a publisher's record as long as one of its streams is remembered. Saving the same again costs nothing. */
  savePublisher(publisher: NodeId, recordJws: string): Promise<void> {
    if (this.store.publishers().get(publisher) === recordJws) return Promise.resolve();
    return this.#writing(this.store.savePublisher(publisher, recordJws));
  }

  /** A topic key as it was saved. */
  key(keyId: string): Buffer | undefined {
    return this.store.keys().get(keyId)?.wrapped;
  }

  /** Keeps a wrapped topic key as long as a bundle that it opens. */
  saveKey(keyId: string, wrapped: Buffer): Promise<void> {
    const use = this.#keys.useOf(keyId);
    return this.#writing(this.store.saveKey({ keyId, stream: use?.stream, firstSeq: use?.firstSeq ?? 0, wrapped }));
  }

  /** Drops what is too much or too old, and resolves when nothing is; tries a store that failed. Runs by itself, never twice at a time. */
  sweep(): Promise<void> {
    this.#sweepDueMs = Infinity;
    this.#sweeping ??= this.#sweepNow().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Waits for what was started. */
  async close(): Promise<void> {
    this.#retention.stop();
    this.#alarm.clear();
    this.#sweepDueMs = -Infinity;
    await this.#sweeping;
    await this.store.close();
  }

  async #sweepNow(): Promise<void> {
    for (const stream of this.#backfills.stale(this.clock.wallMs() - BACKFILL_STALE_MS)) {
      const extent = this.#table.get(stream);
      this.#backfills.drop(stream);
      if (extent !== undefined) this.#unattended(this.store.dropThroughFloor(extent));
    }
    if (this.store.failure !== undefined) await this.#writing(this.store.probe()).catch(() => undefined);
    // A write that fails was logged as such; the next sweep tries again.
    await this.#retention.sweep().catch(() => undefined);
    const periodMs = Math.min(Math.max(this.settings.retentionMs / 20, SWEEP_PERIOD_MS.min), SWEEP_PERIOD_MS.max);
    const probeMs = this.store.failure === undefined ? Infinity : PROBE_PERIOD_MS;
    this.#sweepAt(this.clock.monotonicMs() + Math.min(periodMs, probeMs));
  }

  #sweepAt(dueMs: number): void {
    if (dueMs >= this.#sweepDueMs) return;
    this.#sweepDueMs = dueMs;
    this.#alarm.set(dueMs);
  }

  #newExtent(stream: Stream, floor: number): HeldExtent {
    if (this.#table.size >= LOG_STREAMS_MAX) this.#makeWay();
    return { stream, floor, frontier: floor, changedAtMs: this.clock.wallMs(), bytes: 0 };
  }

  #makeWay(): void {
    let way: HeldExtent | undefined;
    let seen = 0;
    for (const extent of this.#table.extents()) {
      way ??= extent;
      if (extent.floor === extent.frontier) way = extent;
      if (extent.floor === extent.frontier || ++seen === MAKE_WAY_LOOKS_MAX) break;
    }
    if (way === undefined) return;
    this.#listener?.floorMoved(way.stream.id, way.frontier);
    this.#unattended(this.forget(way.stream.id));
  }

  #save(extent: HeldExtent): Promise<void> {
    this.#table.put(extent);
    return this.#writing(this.store.saveExtent(extent));
  }

  #raiseFloor(held: HeldExtent, floor: number): Promise<void> {
    let bytes = 0;
    for (const entry of this.#reads.entries(held.stream.id, held.floor + 1, Number.MAX_SAFE_INTEGER)) {
      if (entry.lastSeq <= floor) bytes += entry.byteLength;
    }
    return this.#lowered(held, floor, bytes);
  }

  #dropped(held: HeldExtent, floor: number, bytes: number): Promise<void> {
    const written = this.#lowered(held, floor, bytes);
    this.#listener?.floorMoved(held.stream.id, floor);
    return written;
  }

  /** The stream loses its lowest bundles. */
  #lowered(held: HeldExtent, floor: number, bytes: number): Promise<void> {
    // Where it began no longer matters: that is gone.
    const books = { bytes: Math.max(0, held.bytes - bytes), openFrom: undefined };
    const extent = { ...held, floor, frontier: Math.max(held.frontier, floor), ...books };
    this.#table.put(extent);
    this.#backfills.drop(held.stream.id);
    for (const keyId of this.#keys.takeDone(held.stream.id, floor)) this.#unattended(this.store.deleteKey(keyId));
    return this.#writing(this.store.dropThroughFloor(extent));
  }

  #useKey({ keyId, stream, firstSeq }: Pick<NewBundle, 'keyId' | 'stream' | 'firstSeq'>): void {
    if (!this.#keys.use(keyId, stream.id, firstSeq)) return;
    const stored = this.store.keys().get(keyId);
    if (stored !== undefined) this.#unattended(this.store.saveKey({ ...stored, stream: stream.id, firstSeq }));
  }

  /** The books follow the store back when a write fails. */
  async #writing(written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      // All that was waiting fails with the same error; later writes are in the store's extents already.
      if (error !== this.#lastFailure) {
        this.#lastFailure = error;
        this.logger.error('log.write-failed', { cause: error });
        this.#sweepAt(this.clock.monotonicMs() + PROBE_PERIOD_MS);
        const unfinished = this.#backfills.streams();
        this.#reload();
        for (const id of unfinished) {
          const floor = this.#table.get(id)?.floor;
          if (floor !== undefined) this.#listener?.historyLost(id, floor);
        }
      }
      throw error;
    }
  }

  #unattended(written: Promise<void>): void {
    this.#writing(written).catch(() => undefined);
  }

  #reload(): void {
    this.#table.load(this.store.extents());
    this.#keys.load(this.store.keys().values());
    this.#backfills.clear();
    this.#lastArrival = Math.max(this.#lastArrival, this.store.lastArrival());
  }
}

function storedOf(bundle: NewBundle, arrival: number, receivedAtMs: number): StoredBundle {
  const { stream, firstSeq, lastSeq, bytes } = bundle;
  return { stream, firstSeq, lastSeq, arrival, receivedAtMs, bytes };
}
