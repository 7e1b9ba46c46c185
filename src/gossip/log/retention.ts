/**
 * What has to go. A stream only ever loses its lowest bundles, so that what is held of it stays without holes; whose
 * turn it is goes by the order of arrival in the topic.
 */
import type { BundleEntry } from '../store/bundle-store.js';
import type { StreamId } from '../bundles/stream.js';

export interface RetentionBounds {
  /** Bytes and messages per topic. */
  readonly retentionBytes: number;
  readonly retentionMessages: number;
  /** Age since receipt. */
  readonly retentionMs: number;
  /** Bytes of all topics. */
  readonly dataBytes: number;
}

/** Bundles of a topic at the start of its order of arrival, and how much is too much. */
export interface Overdue {
  readonly oldest: readonly BundleEntry[];
  /** The bundles of a stream that are held, lowest first. */
  readonly lowest: (stream: StreamId) => Iterable<BundleEntry>;
  /** What a stream has lost already: its floor. */
  readonly floorOf: (stream: StreamId) => number;
  readonly excessBytes: number;
  readonly excessMessages: number;
  /** Received before this local wall clock time is too old. */
  readonly expiredBeforeMs: number;
}

/** What a stream loses: everything up to the new floor. */
export interface Loss {
  readonly floor: number;
  readonly bytes: number;
}

/** Chooses at most `bundlesMax` bundles. */
export function chooseLosses(overdue: Overdue, bundlesMax: number): ReadonlyMap<StreamId, Loss> {
  const losses = new Map<StreamId, { floor: number; bytes: number; rest: Iterator<BundleEntry> }>();
  let { excessBytes, excessMessages } = overdue;
  let chosen = 0;
  for (const entry of overdue.oldest) {
    const { id } = entry.stream;
    const isExpired = entry.receivedAtMs < overdue.expiredBeforeMs;
    if (!isExpired && excessBytes <= 0 && excessMessages <= 0) break;
    const loss = losses.get(id) ?? {
      floor: overdue.floorOf(id),
      bytes: 0,
      rest: overdue.lowest(id)[Symbol.iterator](),
    };
    losses.set(id, loss);
    const lostAtLeast = isExpired ? entry.lastSeq : 0;
    // Its turn, but the lowest of its stream goes: older history that came later lies below it.
    do {
      const next = loss.rest.next();
      if (next.done === true || chosen === bundlesMax) break;
      const { firstSeq, lastSeq, byteLength } = next.value;
      excessBytes -= byteLength;
      excessMessages -= lastSeq - Math.max(loss.floor, firstSeq - 1);
      loss.bytes += byteLength;
      loss.floor = lastSeq;
      chosen++;
    } while (loss.floor < lostAtLeast);
    if (chosen === bundlesMax) break;
  }
  for (const [id, { bytes }] of losses) if (bytes === 0) losses.delete(id);
  return losses;
}
