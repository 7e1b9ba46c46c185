import type { BundleEntry, StoredBundle } from './bundle-store.js';
import type { StreamId } from './stream.js';

/** Bundles in memory in both orders: of a stream by sequence, of a topic by arrival. */
export class BundleIndex {
  readonly #streams = new Map<StreamId, StoredBundle[]>();
  readonly #topics = new Map<string, StoredBundle[]>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(bundle: StoredBundle): void {
    insert(listOf(this.#streams, bundle.stream.id), bundle, (other) => inStream(other, bundle) < 0);
    insert(listOf(this.#topics, bundle.stream.topic), bundle, (other) => other.arrival < bundle.arrival);
    this.#bytes += bundle.bytes.length;
  }

  remove(bundle: StoredBundle): void {
    const wasThere = take(this.#streams, bundle.stream.id, bundle, (other) => inStream(other, bundle) < 0);
    take(this.#topics, bundle.stream.topic, bundle, (other) => other.arrival < bundle.arrival);
    if (wasThere) this.#bytes -= bundle.bytes.length;
  }

  clear(): void {
    this.#streams.clear();
    this.#topics.clear();
    this.#bytes = 0;
  }

  /** In order of sequence, from the bundle that contains `fromSeq` or the first above. Not to be held across changes. */
  *ofStream(stream: StreamId, fromSeq: number): Generator<StoredBundle> {
    const list = this.#streams.get(stream) ?? [];
    const from = firstWhereNot(list, (bundle) => bundle.lastSeq < fromSeq);
    for (let at = from; at < list.length; at++) yield list[at]!;
  }

  /** In order of arrival. Not to be held across changes. */
  *ofTopic(topic: string, afterArrival: number): Generator<StoredBundle> {
    const list = this.#topics.get(topic) ?? [];
    const from = firstWhereNot(list, (bundle) => bundle.arrival <= afterArrival);
    for (let at = from; at < list.length; at++) yield list[at]!;
  }
}

/** The order of bundles within a stream. */
export function inStream(a: Pick<BundleEntry, 'lastSeq' | 'arrival'>, b: typeof a): number {
  return a.lastSeq - b.lastSeq || a.arrival - b.arrival;
}

export function entryOf({ bytes, ...rest }: StoredBundle): BundleEntry {
  return { ...rest, byteLength: bytes.length };
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

function listOf<K>(lists: Map<K, StoredBundle[]>, key: K): StoredBundle[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made: StoredBundle[] = [];
  lists.set(key, made);
  return made;
}

function insert(list: StoredBundle[], bundle: StoredBundle, isBefore: (other: StoredBundle) => boolean): void {
  const last = list.at(-1);
  if (last === undefined || isBefore(last)) list.push(bundle);
  else list.splice(firstWhereNot(list, isBefore), 0, bundle);
}

function take<K>(
  lists: Map<K, StoredBundle[]>,
  key: K,
  bundle: StoredBundle,
  isBefore: (other: StoredBundle) => boolean,
): boolean {
  const list = lists.get(key);
  if (list === undefined) return false;
  const at = firstWhereNot(list, isBefore);
  if (list[at] !== bundle) return false;
  list.splice(at, 1);
  if (list.length === 0) lists.delete(key);
  return true;
}

/** Binary search: where `isBefore` ceases to hold in a list that is ordered by it. */
function firstWhereNot(list: readonly StoredBundle[], isBefore: (bundle: StoredBundle) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
