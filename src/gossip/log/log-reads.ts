/**
 * Reads of the log. What cannot be read, a damaged bundle or a part of the store, counts as not held: it is told, and whoever asked
 * gets it elsewhere. An own bundle is read by nobody before it is in the store for good, as it may fail and its numbers be given
 * again.
 */
import { decodeBundle, type Bundle } from '../bundles/bundle.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import type { BundleEntry, BundleStore, HeldExtent, StoredBundle, StreamExtent } from '../store/bundle-store.js';

/** A bundle from the log. */
export interface LoggedBundle {
  readonly bundle: Bundle;
  readonly arrival: number;
}

/** How far bundles were passed over; `isPassed` when all that were looked at were. */
export interface Passed {
  readonly arrival: number;
  readonly isPassed: boolean;
}

/** What reading finds out on its way. */
export interface ReadHost {
  /** A bundle that can be read is there. */
  found(bundle: Bundle): void;
  damaged(place: { readonly stream: Stream; readonly arrival: number }, reason: string): void;
  failed(cause: unknown): void;
}

/** See above. */
export class LogReads {
  /** Own bundles on their way into the store, one a stream at a time: their arrivals, and what was there before. */
  readonly #unread = new Map<StreamId, { readonly arrival: number; readonly frontier: number }>();
  readonly #unreadArrivals = new Set<number>();

  constructor(
    private readonly store: BundleStore,
    private readonly clusterTag: Buffer,
    private readonly host: ReadHost,
  ) {}

  /** An own bundle follows what is held up to `frontier`. */
  hide(stream: StreamId, arrival: number, frontier: number): void {
    this.#unread.set(stream, { arrival, frontier });
    this.#unreadArrivals.add(arrival);
  }

  /** It is in the store, or never will be. */
  reveal(stream: StreamId, arrival: number): void {
    this.#unreadArrivals.delete(arrival);
    if (this.#unread.get(stream)?.arrival === arrival) this.#unread.delete(stream);
  }

  /** What can be read of a stream. */
  readable(extent: HeldExtent): StreamExtent {
    const unread = this.#unread.get(extent.stream.id);
    return unread === undefined ? extent : { ...extent, frontier: Math.min(extent.frontier, unread.frontier) };
  }

  ofStream(stream: StreamId, fromSeq: number, bytesMax: number): readonly LoggedBundle[] {
    return this.#decoded(this.#read(() => this.store.read(stream, fromSeq, bytesMax)));
  }

  ofTopic(topic: string, afterArrival: number, limit: number, bytesMax: number): readonly LoggedBundle[] {
    return this.#decoded(this.#read(() => this.store.readTopic(topic, afterArrival, limit, bytesMax)));
  }

  /** The first bundle of a topic, after `afterArrival` and among the next `limit`, that is not passed over; else the last of them. */
  passOver(
    topic: string,
    afterArrival: number,
    limit: number,
    isPassed: (entry: BundleEntry) => boolean,
  ): Passed | undefined {
    const entries = this.#read(() => this.store.entries(topic, afterArrival, limit));
    const first = entries.find((entry) => !isPassed(entry));
    if (first !== undefined) return { arrival: first.arrival, isPassed: false };
    const last = entries.at(-1);
    return last === undefined ? undefined : { arrival: last.arrival, isPassed: true };
  }

  /** Index entries of a stream in order. */
  entries(stream: StreamId, fromSeq: number, limit: number): readonly BundleEntry[] {
    return this.#read(() => this.store.streamEntries(stream, fromSeq, limit));
  }

  /** The last seq of the stream that was received before `wallMs` of the local clock; its floor when none was. */
  seqBefore(extent: HeldExtent, wallMs: number): number {
    if (extent.changedAtMs < wallMs) return extent.frontier;
    let before = extent.floor;
    let notBefore = extent.frontier;
    while (before < notBefore) {
      const middle = before + Math.ceil((notBefore - before) / 2);
      const [entry] = this.entries(extent.stream.id, middle, 1);
      if (entry !== undefined && entry.receivedAtMs < wallMs) before = Math.min(entry.lastSeq, extent.frontier);
      else notBefore = middle - 1;
    }
    return before;
  }

  #read<T>(from: () => readonly T[]): readonly T[] {
    try {
      return from();
    } catch (cause) {
      this.host.failed(cause);
      return [];
    }
  }

  #decoded(stored: readonly StoredBundle[]): LoggedBundle[] {
    const found: LoggedBundle[] = [];
    for (const { stream, bytes, arrival } of stored) {
      // What came in behind it waits as well, or readers that go by arrival would pass it over.
      if (this.#unreadArrivals.has(arrival)) break;
      const bundle = decodeBundle(bytes, this.clusterTag, () => stream);
      if (!bundle.ok) {
        this.host.damaged({ stream, arrival }, bundle.reason);
        continue;
      }
      this.host.found(bundle.value);
      found.push({ bundle: bundle.value, arrival });
    }
    return found;
  }
}
