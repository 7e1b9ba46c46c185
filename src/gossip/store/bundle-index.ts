import type { BundleEntry, StoredBundle } from './bundle-store.js';
import { OrderedList } from './ordered-list.js';
import type { StreamId } from '../bundles/stream.js';

/** Bundles in memory in both orders: of a stream by sequence, of a topic by arrival. */
export class BundleIndex {
  readonly #streams = new Map<StreamId, OrderedList<StoredBundle>>();
  readonly #topics = new Map<string, OrderedList<StoredBundle>>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(bundle: StoredBundle): void {
    listOf(this.#streams, bundle.stream.id, inStream).add(bundle);
    listOf(this.#topics, bundle.stream.topic, byArrival).add(bundle);
    this.#bytes += bundle.bytes.length;
  }

  remove(bundle: StoredBundle): void {
    if (!take(this.#streams, bundle.stream.id, bundle)) return;
    take(this.#topics, bundle.stream.topic, bundle);
    this.#bytes -= bundle.bytes.length;
  }

  clear(): void {
    this.#streams.clear();
    this.#topics.clear();
    this.#bytes = 0;
  }

  /** In order of sequence, from the bundle that contains `fromSeq` or the first above. Not to be held across changes. */
  ofStream(stream: StreamId, fromSeq: number): Iterable<StoredBundle> {
    return this.#streams.get(stream)?.from((bundle) => bundle.lastSeq < fromSeq) ?? [];
  }

  /** In order of arrival. Not to be held across changes. */
  ofTopic(topic: string, afterArrival: number): Iterable<StoredBundle> {
    return this.#topics.get(topic)?.from((bundle) => bundle.arrival <= afterArrival) ?? [];
  }
}

/** The order of bundles within a stream. */
export function inStream(a: Pick<BundleEntry, 'lastSeq' | 'arrival'>, b: typeof a): number {
  return a.lastSeq - b.lastSeq || a.arrival - b.arrival;
}

/** The order of bundles within a topic. */
export function byArrival(a: Pick<BundleEntry, 'arrival'>, b: typeof a): number {
  return a.arrival - b.arrival;
}

export function entryOf({ stream, firstSeq, lastSeq, arrival, receivedAtMs, bytes }: StoredBundle): BundleEntry {
  return { stream, firstSeq, lastSeq, arrival, receivedAtMs, byteLength: bytes.length };
}

/** What is known of a bundle besides its bytes. */
export function asEntry(bundle: BundleEntry | StoredBundle): BundleEntry {
  return 'bytes' in bundle ? entryOf(bundle) : bundle;
}

/** The first of `bundles`, at most `limit`, as many as fit in `bytesMax` but at least one. */
export function fitting(bundles: Iterable<StoredBundle>, limit: number, bytesMax: number): StoredBundle[] {
  const taken: StoredBundle[] = [];
  let bytes = 0;
  if (limit < 1) return taken;
  for (const bundle of bundles) {
    bytes += bundle.bytes.length;
    if (taken.length > 0 && bytes > bytesMax) break;
    taken.push(bundle);
    if (taken.length === limit) break;
  }
  return taken;
}

/** The first `limit` of `items`. */
export function firstOf<T>(items: Iterable<T>, limit: number): T[] {
  const taken: T[] = [];
  if (limit < 1) return taken;
  for (const item of items) {
    taken.push(item);
    if (taken.length === limit) break;
  }
  return taken;
}

type Lists<K> = Map<K, OrderedList<StoredBundle>>;

function listOf<K>(lists: Lists<K>, key: K, compare: typeof inStream): OrderedList<StoredBundle> {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made = new OrderedList<StoredBundle>(compare);
  lists.set(key, made);
  return made;
}

function take<K>(lists: Lists<K>, key: K, bundle: StoredBundle): boolean {
  const list = lists.get(key);
  if (list?.remove(bundle) !== true) return false;
  if (list.size === 0) lists.delete(key);
  return true;
}
