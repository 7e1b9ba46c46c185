import type { NodeId } from '../../peers/node-id.js';
import type { GrapevineError } from '../../runtime/errors.js';
import type { Stream, StreamId } from '../bundles/stream.js';

/** A bundle as it is kept: the sealed and signed bytes as they came, and where they belong. */
export interface StoredBundle {
  readonly stream: Stream;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Place in this node's order of arrival, over all topics; grows by one a bundle and never repeats. */
  readonly arrival: number;
  /** Local wall clock when it was received, in ms since 1970. */
  readonly receivedAtMs: number;
  readonly bytes: Buffer;
}

/** What is held of a stream: every seq in (floor, frontier]. */
export interface StreamExtent {
  readonly stream: Stream;
  readonly floor: number;
  readonly frontier: number;
  /** Local wall clock when the frontier moved last, in ms since 1970. */
  readonly changedAtMs: number;
  /** Set while the floor is a guess as to where the own interest begins: nothing up to here is owed. */
  readonly openFrom?: number | undefined;
}

/** An extent as it is kept, with the bytes of its bundles. */
export interface HeldExtent extends StreamExtent {
  readonly bytes: number;
}

/** A topic key as it is kept: wrapped with the node's own key. */
export interface StoredKey {
  /** 16 bytes as base64url. */
  readonly keyId: string;
  /** What it opens; undefined until a bundle is seen that is sealed with it. */
  readonly stream: StreamId | undefined;
  /** Lowest seq known to be sealed with it, 0 when none is yet. */
  readonly firstSeq: number;
  readonly wrapped: Buffer;
}

/** How often the store met damage, since the process began. */
export interface StoreCounters {
  /** Rows that were not what was written, found at start or when read; they are taken out. */
  readonly recordsDamaged: number;
  /** Databases that could not be used at all and were moved out of the way. */
  readonly storesSetAside: number;
}

/** The index entry of a bundle, without its bytes. */
export type BundleEntry = Omit<StoredBundle, 'bytes'> & { readonly byteLength: number };

/**
 * Ordered, durable storage of bundles and of the little that must live as long as they do. Writes resolve when they are
 * committed (with `fsync`, when they are on disk); reads see every write that was started. A failed write rejects with a
 * GrapevineError `store-full` or `store-failing`, and so do all that were started behind it (but not drops): afterwards reads see what is
 * committed, and a later write may succeed. Arrivals must grow from bundle to bundle. Implementations: LMDB and memory; one
 * conformance suite runs against both.
 */
export interface BundleStore {
  /** Random name of the store, made with it and kept with it: 6 bytes as base64url. Known once open. */
  readonly id: string;
  /** Bytes of bundles on their way to be committed. */
  readonly pendingBytes: number;
  readonly counters: StoreCounters;
  /** Set for a moment after a write failed, and while one takes too long: bundles are refused with it, and whoever asks before has nothing to take back. */
  readonly refusal: GrapevineError | undefined;
  /** Why the last write failed, until a bundle is written or `probe` succeeds; and that one takes too long. */
  readonly failure: GrapevineError | undefined;

  /** What is damaged is set aside. A StartError when what is there is of a later format, or cannot be opened. */
  open(): Promise<void>;
  /** Waits for the writes that were started. */
  close(): Promise<void>;

  /** Every stream that is known, with what is held of it. */
  extents(): readonly HeldExtent[];
  /** Adds a bundle and saves its stream's extent, both or neither. */
  append(bundle: StoredBundle, extent: HeldExtent): Promise<void>;
  /** Writes a little, as a bundle is written, to find out whether that works again. */
  probe(): Promise<void>;
  saveExtent(extent: HeldExtent): Promise<void>;
  /** Forgets a stream and all its bundles. */
  deleteStream(stream: StreamId): Promise<void>;
  /** Drops bundles of a stream whose `lastSeq` is not above `extent.floor`, and saves the extent. */
  dropThroughFloor(extent: HeldExtent): Promise<void>;

  /** Bundles of a stream in order, from the one that contains `fromSeq` (or the first above); as many as fit in `bytesMax`, at least one if any. */
  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly StoredBundle[];
  /** Index entries of a stream in order, from the one that contains `fromSeq` (or the first above), at most `limit`. */
  streamEntries(stream: StreamId, fromSeq: number, limit: number): readonly BundleEntry[];
  /** Bundles of a topic in order of arrival, after `afterArrival`, at most `limit`; as many as fit in `bytesMax`, at least one if any. */
  readTopic(topic: string, afterArrival: number, limit: number, bytesMax: number): readonly StoredBundle[];
  /** Index entries of a topic in order of arrival, oldest first, after `afterArrival`, at most `limit`. */
  entries(topic: string, afterArrival: number, limit: number): readonly BundleEntry[];
  /** The highest arrival ever given out, 0 when none was. */
  lastArrival(): number;

  /** The signed records of publishers, kept as long as one of their bundles. */
  publishers(): ReadonlyMap<NodeId, string>;
  savePublisher(publisher: NodeId, recordJws: string): Promise<void>;
  deletePublisher(publisher: NodeId): Promise<void>;

  /** Topic keys by key id. */
  keys(): ReadonlyMap<string, StoredKey>;
  saveKey(key: StoredKey): Promise<void>;
  deleteKey(keyId: string): Promise<void>;
}

export const BUNDLE_STORE = Symbol('BundleStore');
