import type { BundlePlace } from '../../src/gossip/dissemination/gossip-protocol.js';
import type { StreamExtent } from '../../src/gossip/store/bundle-store.js';
import type { Stream, StreamId } from '../../src/gossip/bundles/stream.js';

/** A bundle as the simulated network carries it. */
export interface SimulatedBundle extends BundlePlace {
  readonly bytes: Buffer;
}

interface Entry {
  readonly bundle: SimulatedBundle;
  readonly receivedAtMs: number;
  isCommitted: boolean;
}

interface Held {
  readonly stream: Stream;
  floor: number;
  frontier: number;
  entries: Entry[];
}

/** The log of a simulated node. What was not committed is gone after a crash; the rest survives on the same disk. */
export class MemoryLog {
  readonly #streams = new Map<StreamId, Held>();

  append(bundle: SimulatedBundle, receivedAtMs: number): () => void {
    const held = this.#open(bundle.stream, bundle.firstSeq - 1);
    if (bundle.firstSeq > held.frontier + 1) throw new Error('a log must not get a hole');
    const entry = { bundle, receivedAtMs, isCommitted: false };
    held.entries.push(entry);
    held.frontier = Math.max(held.frontier, bundle.lastSeq);
    return () => {
      entry.isCommitted = true;
    };
  }

  prepend(bundle: SimulatedBundle, receivedAtMs: number): void {
    const held = this.#open(bundle.stream, 0);
    held.entries.push({ bundle, receivedAtMs, isCommitted: true });
    held.entries.sort((a, b) => a.bundle.firstSeq - b.bundle.firstSeq);
  }

  setExtent(stream: Stream, floor: number, frontier: number): void {
    const held = this.#open(stream, floor);
    held.floor = floor;
    held.frontier = frontier;
  }

  forget(stream: StreamId): void {
    this.#streams.delete(stream);
  }

  /** Drops the oldest bundle of a stream; the new floor, or undefined when there is nothing to drop. */
  dropOldest(stream: StreamId): number | undefined {
    const held = this.#streams.get(stream);
    const oldest = held?.entries[0];
    if (held === undefined || !oldest?.isCommitted) return undefined;
    held.entries.shift();
    held.floor = Math.max(held.floor, oldest.bundle.lastSeq);
    return held.floor;
  }

  /** What a process that is started anew finds. */
  crash(): void {
    for (const held of this.#streams.values()) {
      const lost = held.entries.findIndex((entry) => !entry.isCommitted);
      if (lost < 0) continue;
      held.entries.length = lost;
      held.frontier = Math.max(held.floor, held.entries.at(-1)?.bundle.lastSeq ?? 0);
    }
  }

  read(stream: StreamId, after: number, bytesMax: number): readonly SimulatedBundle[] {
    const found: SimulatedBundle[] = [];
    let bytes = 0;
    for (const { bundle } of this.#streams.get(stream)?.entries ?? []) {
      if (bundle.lastSeq <= after) continue;
      found.push(bundle);
      bytes += bundle.byteLength;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  seqBefore(stream: StreamId, wallMs: number): number {
    const held = this.#streams.get(stream);
    let seq = held?.floor ?? 0;
    for (const entry of held?.entries ?? []) {
      if (entry.receivedAtMs < wallMs) seq = Math.max(seq, entry.bundle.lastSeq);
    }
    return seq;
  }

  extents(): readonly StreamExtent[] {
    return [...this.#streams.values()].map(({ stream, floor, frontier }) => ({
      stream,
      floor,
      frontier,
      changedAtMs: 0,
    }));
  }

  extent(stream: StreamId): { readonly floor: number; readonly frontier: number } | undefined {
    return this.#streams.get(stream);
  }

  /** Whether a message survives a crash now, or was dropped by retention since. */
  isDurable(stream: StreamId, seq: number): boolean {
    const held = this.#streams.get(stream);
    if (held === undefined) return false;
    return seq <= held.floor || held.entries.some(({ bundle, isCommitted }) => isCommitted && isIn(bundle, seq));
  }

  /** Whether any seq of (after, upTo] is here. */
  holdsAnyOf(stream: StreamId, after: number, upTo: number): boolean {
    const held = this.#streams.get(stream);
    if (held === undefined) return false;
    const from = Math.max(after, held.floor);
    return held.entries.some(({ bundle }) => bundle.lastSeq > from && bundle.firstSeq <= upTo && from < upTo);
  }

  /** Whether every seq of (floor, frontier] is here, exactly once. */
  isWhole(stream: StreamId): boolean {
    const held = this.#streams.get(stream);
    if (held === undefined) return true;
    let at = held.floor;
    for (const { bundle } of held.entries) {
      if (bundle.lastSeq <= held.floor) continue;
      if (bundle.firstSeq > at + 1) return false;
      at = bundle.lastSeq;
    }
    return at === held.frontier;
  }

  #open(stream: Stream, floor: number): Held {
    let held = this.#streams.get(stream.id);
    if (held === undefined) {
      held = { stream, floor, frontier: floor, entries: [] };
      this.#streams.set(stream.id, held);
    }
    return held;
  }
}

function isIn({ firstSeq, lastSeq }: BundlePlace, seq: number): boolean {
  return firstSeq <= seq && seq <= lastSeq;
}
