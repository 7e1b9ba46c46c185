import type { NodeId } from '../../peers/node-id.js';
import type { GrapevineError } from '../../runtime/errors.js';
import { BundleIndex, entryOf, firstOf, fitting } from './bundle-index.js';
import type { BundleEntry, BundleStore, HeldExtent, StoredBundle, StoredKey } from './bundle-store.js';
import type { StreamId } from '../bundles/stream.js';

/** The store that ends with the object: for nodes that keep nothing on disk, and for tests. */
export class MemoryBundleStore implements BundleStore {
  readonly pendingBytes = 0;
  readonly refusal: GrapevineError | undefined = undefined;
  readonly failure: GrapevineError | undefined = undefined;
  readonly counters = { recordsDamaged: 0, storesSetAside: 0 };
  readonly #extents = new Map<StreamId, HeldExtent>();
  readonly #bundles = new BundleIndex();
  readonly #publishers = new Map<NodeId, string>();
  readonly #keys = new Map<string, StoredKey>();
  #lastArrival = 0;

  /** `id` must be random. */
  constructor(readonly id: string) {}

  open(): Promise<void> {
    return DONE;
  }

  close(): Promise<void> {
    return DONE;
  }

  extents(): readonly HeldExtent[] {
    return [...this.#extents.values()];
  }

  append(bundle: StoredBundle, extent: HeldExtent): Promise<void> {
    this.#bundles.add(bundle);
    this.#lastArrival = Math.max(this.#lastArrival, bundle.arrival);
    return this.saveExtent(extent);
  }

  probe(): Promise<void> {
    return DONE;
  }

  saveExtent(extent: HeldExtent): Promise<void> {
    this.#extents.set(extent.stream.id, extent);
    return DONE;
  }

  deleteStream(stream: StreamId): Promise<void> {
    this.#extents.delete(stream);
    this.#drop(stream, Number.MAX_SAFE_INTEGER);
    return DONE;
  }

  dropThroughFloor(extent: HeldExtent): Promise<void> {
    this.#drop(extent.stream.id, extent.floor);
    return this.saveExtent(extent);
  }

  read(stream: StreamId, fromSeq: number, bytesMax: number): readonly StoredBundle[] {
    return fitting(this.#bundles.ofStream(stream, fromSeq), Number.MAX_SAFE_INTEGER, bytesMax);
  }

  streamEntries(stream: StreamId, fromSeq: number, limit: number): readonly BundleEntry[] {
    return firstOf(this.#bundles.ofStream(stream, fromSeq), limit).map(entryOf);
  }

  readTopic(topic: string, afterArrival: number, limit: number, bytesMax: number): readonly StoredBundle[] {
    return fitting(this.#bundles.ofTopic(topic, afterArrival), limit, bytesMax);
  }

  entries(topic: string, afterArrival: number, limit: number): readonly BundleEntry[] {
    return firstOf(this.#bundles.ofTopic(topic, afterArrival), limit).map(entryOf);
  }

  lastArrival(): number {
    return this.#lastArrival;
  }

  publishers(): ReadonlyMap<NodeId, string> {
    return this.#publishers;
  }

  savePublisher(publisher: NodeId, recordJws: string): Promise<void> {
    this.#publishers.set(publisher, recordJws);
    return DONE;
  }

  deletePublisher(publisher: NodeId): Promise<void> {
    this.#publishers.delete(publisher);
    return DONE;
  }

  keys(): ReadonlyMap<string, StoredKey> {
    return this.#keys;
  }

  saveKey(key: StoredKey): Promise<void> {
    this.#keys.set(key.keyId, key);
    return DONE;
  }

  deleteKey(keyId: string): Promise<void> {
    this.#keys.delete(keyId);
    return DONE;
  }

  #drop(stream: StreamId, throughSeq: number): void {
    const dropped: StoredBundle[] = [];
    for (const bundle of this.#bundles.ofStream(stream, 0)) {
      if (bundle.lastSeq > throughSeq) break;
      dropped.push(bundle);
    }
    for (const bundle of dropped) this.#bundles.remove(bundle);
  }
}

const DONE = Promise.resolve();
