import type { NodeId } from '../peers/node-id.js';
import type { Stream, StreamId } from './stream.js';

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
  /** Local wall clock of the last change, in ms since 1970. */
  readonly changedAtMs: number;
}

/** The index entry of a bundle, without its bytes. */
export type BundleEntry = Omit<StoredBundle, 'bytes'> & { readonly byteLength: number };

/**
 * Ordered, durable storage of bundles and of the little that must live as long as they do. Writes resolve when they are
 * committed (with `fsync`, when they are on disk); reads see every write that was started. A failed write rejects with a
 * GrapevineError `store-full` or `internal`, and a later write may succeed. Implementations: LMDB and memory; one conformance
 * suite runs against both.
 */
export interface BundleStore {
  open(): Promise<void>;
  close(): Promise<void>;

  /** Every stream that is known, with what is held of it. */
  extents(): readonly StreamExtent[];
  /** Adds a bundle and moves its stream's extent, both or neither. */
  append(bundle: StoredBundle, extent: StreamExtent): Promise<void>;
  saveExtent(extent: StreamExtent): Promise<void>;
  /** Forgets a stream and all its bundles. */
  deleteStream(stream: StreamId): Promise<void>;
  /** Drops bundles of a stream whose `lastSeq` is not above `extent.floor`, and saves the extent, all or nothing. */
  dropThroughFloor(extent: StreamExtent): Promise<void>;

  /** Bundles of a stream in order, from the one that contains `fromSeq` (or the first above) until `bytesMax` is passed; at least one if any. */
  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly StoredBundle[];
  /** Bundles of a topic in order of arrival, after `afterArrival`, at most `limit`. */
  readTopic(topic: string, afterArrival: number, limit: number): readonly StoredBundle[];
  /** Index entries of a topic in order of arrival, oldest first, after `afterArrival`, at most `limit`. */
  entries(topic: string, afterArrival: number, limit: number): readonly BundleEntry[];
  /** The highest arrival ever given out, 0 when none was. */
  lastArrival(): number;

  /** The signed records of publishers, kept as long as one of their bundles. */
  publishers(): ReadonlyMap<NodeId, string>;
  savePublisher(publisher: NodeId, recordJws: string): Promise<void>;
  deletePublisher(publisher: NodeId): Promise<void>;

  /** Topic keys by key id (base64url), wrapped with the node's own key. */
  keys(): ReadonlyMap<string, Buffer>;
  saveKey(keyId: string, wrapped: Buffer): Promise<void>;
  deleteKey(keyId: string): Promise<void>;
}
