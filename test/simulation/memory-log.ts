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
  /** While the floor is a guess: nothing up to here is owed. */
  openFrom: number | undefined;
  /** When the frontier moved, by the node's wall clock. */
  changedAtMs: number;
  /** Retention has dropped everything up to here. */
  dropped: number;
  /** In order; some may lie below the floor while history comes in. */
  entries: Entry[];
}

/** What a flush brought onto the disk; or the streams of what a failed one took back, and those whose history is lost by that. */
export interface Flushed {
  readonly bundles: readonly SimulatedBundle[];
  readonly undone: readonly StreamId[];
  readonly historyLost: readonly StreamId[];
  /** Of these an extent, or that they were forgotten, was not saved. */
  readonly unsaved: readonly Stream[];
}

/** What a log had of a stream when it was lost. */
export interface LostExtent {
  readonly dropped: number;
  readonly ranges: readonly { readonly firstSeq: number; readonly lastSeq: number }[];
}

/** The log of a simulated node. What was not flushed is gone after a crash or a failure; the rest survives on the same disk. */
export class MemoryLog {
  readonly #streams = new Map<StreamId, Held>();
  #pending: { readonly entry: Entry | undefined; readonly saved: Stream | undefined; readonly undo: () => void }[] = [];
  /** A write failed once: what the log holds and what its node takes it to hold may differ since. */
  hasFailed = false;

  get isDirty(): boolean {
    return this.#pending.length > 0;
  }

  /** The next bundle of a stream; false when it does not follow what is held, as may be after a failure. */
  append(bundle: SimulatedBundle, receivedAtMs: number, floor: number): boolean {
    const held = this.#streams.get(bundle.stream.id) ?? this.#open(bundle.stream, floor, receivedAtMs);
    const former = held.frontier;
    if (bundle.firstSeq > former + 1 || bundle.lastSeq <= former) {
      if (this.hasFailed) return false;
      throw new Error(`${bundle.firstSeq}-${bundle.lastSeq} does not follow ${former} in a log`);
    }
    const entry = { bundle, receivedAtMs, isCommitted: false };
    held.entries.push(entry);
    held.frontier = bundle.lastSeq;
    held.changedAtMs = receivedAtMs;
    this.#did(entry, () => {
      remove(held.entries, entry);
      held.frontier = Math.max(former, held.floor);
    });
    return true;
  }

  /** Like `append`, but on the disk at once. */
  write(bundle: SimulatedBundle, receivedAtMs: number): void {
    const isNew = !this.#streams.has(bundle.stream.id);
    this.append(bundle, receivedAtMs, bundle.firstSeq - 1);
    this.#pending.pop()!.entry!.isCommitted = true;
    if (isNew) this.#pending.pop();
  }

  /** History of a stream; false when the stream is not held, as may be after a failure. */
  prepend(bundle: SimulatedBundle, nowMs: number): boolean {
    const held = this.#streams.get(bundle.stream.id);
    if (held === undefined) {
      if (this.hasFailed) return false;
      throw new Error('history of an unknown stream');
    }
    const { entries } = held;
    const at = firstBehind(entries, bundle.firstSeq - 1);
    if (entries[at]?.bundle.firstSeq === bundle.firstSeq) return true;
    const lowest = entries[firstBehind(entries, held.floor)];
    const receivedAtMs = Math.min(nowMs, lowest?.receivedAtMs ?? held.changedAtMs);
    const entry = { bundle, receivedAtMs, isCommitted: false };
    entries.splice(at, 0, entry);
    this.#did(entry, () => remove(held.entries, entry));
    return true;
  }

  /** False when the floor cannot be lowered so far, as not all of the history is here. */
  setExtent(extent: Pick<StreamExtent, 'stream' | 'floor' | 'frontier' | 'openFrom'>, nowMs: number): boolean {
    const { stream, floor, frontier, openFrom } = extent;
    const held = this.#streams.get(stream.id);
    if (held === undefined) {
      const opened = this.#open(stream, floor, nowMs);
      opened.frontier = Math.max(floor, frontier);
      opened.openFrom = openFrom;
      return true;
    }
    const former = { ...held };
    this.#did(
      undefined,
      () => {
        const { dropped } = held;
        Object.assign(held, former, { dropped });
      },
      stream,
    );
    const isWhole = floor >= held.floor || reachOf(held.entries, floor) >= held.floor;
    if (floor === held.floor || (isWhole && floor < held.floor)) held.openFrom = openFrom;
    else if (floor > held.floor) held.openFrom = undefined;
    if (floor === held.floor) return true;
    held.floor = isWhole ? floor : held.floor;
    held.frontier = Math.max(held.frontier, held.floor);
    held.entries = held.entries.filter(({ bundle }) => bundle.lastSeq > held.floor);
    return isWhole;
  }

  forget(stream: StreamId): void {
    const held = this.#streams.get(stream);
    if (held === undefined) return;
    this.#streams.delete(stream);
    this.#did(undefined, () => void this.#streams.set(stream, held), held.stream);
  }

  /** Everything that waits is on the disk. */
  flush(): Flushed {
    const entries = this.#pending.flatMap(({ entry }) => entry ?? []);
    for (const entry of entries) entry.isCommitted = true;
    this.#pending = [];
    return { bundles: entries.map(({ bundle }) => bundle), undone: [], historyLost: [], unsaved: [] };
  }

  /** Nothing that waits gets onto the disk: a crash, or a write that failed. What history there was is of no use then. */
  undo(): Flushed {
    const undone = new Set(this.#pending.flatMap(({ entry }) => entry?.bundle.stream.id ?? []));
    const unsaved = this.#pending.flatMap(({ saved }) => saved ?? []);
    for (const change of this.#pending.reverse()) change.undo();
    this.#pending = [];
    const historyLost: StreamId[] = [];
    for (const held of this.#streams.values()) {
      const whole = held.entries.filter(({ bundle }) => bundle.lastSeq > held.floor);
      if (whole.length < held.entries.length) historyLost.push(held.stream.id);
      held.entries = whole;
    }
    return { bundles: [], undone: [...undone], historyLost, unsaved };
  }

  /** Drops the oldest bundle of a stream; the new floor, or undefined when there is nothing to drop. */
  dropOldest(stream: StreamId): number | undefined {
    const held = this.#streams.get(stream);
    if (held === undefined) return undefined;
    const at = firstBehind(held.entries, held.floor);
    const oldest = held.entries[at];
    if (!oldest?.isCommitted) return undefined;
    held.entries.splice(0, at + 1);
    held.floor = Math.max(held.floor, oldest.bundle.lastSeq);
    held.dropped = held.floor;
    held.openFrom = undefined;
    return held.floor;
  }

  read(stream: StreamId, after: number, bytesMax: number): readonly SimulatedBundle[] {
    const found: SimulatedBundle[] = [];
    const entries = this.#streams.get(stream)?.entries ?? [];
    let bytes = 0;
    for (let at = firstBehind(entries, after); at < entries.length && bytes < bytesMax; at++) {
      const { bundle } = entries[at]!;
      found.push(bundle);
      bytes += bundle.byteLength;
    }
    return found;
  }

  /** As the real log finds it: arrival times grow with the seqs, or are taken to. */
  seqBefore(stream: StreamId, wallMs: number): number {
    const held = this.#streams.get(stream);
    if (held === undefined) return 0;
    if (held.changedAtMs < wallMs) return held.frontier;
    const lowest = firstBehind(held.entries, held.floor);
    let low = lowest;
    let high = held.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (held.entries[middle]!.receivedAtMs < wallMs) low = middle + 1;
      else high = middle;
    }
    return low > lowest ? held.entries[low - 1]!.bundle.lastSeq : held.floor;
  }

  /** What is lost of a stream with this log. */
  lostExtent(stream: StreamId): LostExtent {
    const held = this.#streams.get(stream);
    const ranges: { firstSeq: number; lastSeq: number }[] = [];
    for (const { bundle, isCommitted } of held?.entries ?? []) {
      if (!isCommitted) continue;
      const last = ranges.at(-1);
      if (last !== undefined && bundle.firstSeq <= last.lastSeq + 1) last.lastSeq = bundle.lastSeq;
      else ranges.push({ firstSeq: bundle.firstSeq, lastSeq: bundle.lastSeq });
    }
    return { dropped: held?.dropped ?? 0, ranges };
  }

  /** When anything changed last; 0 when there is nothing. */
  get newestMs(): number {
    return Math.max(0, ...[...this.#streams.values()].map(({ changedAtMs }) => changedAtMs));
  }

  extents(): readonly StreamExtent[] {
    return [...this.#streams.values()].map(({ stream, floor, frontier, openFrom, changedAtMs }) => {
      return { stream, floor, frontier, openFrom, changedAtMs };
    });
  }

  extent(
    stream: StreamId,
  ): { readonly floor: number; readonly frontier: number; readonly changedAtMs: number } | undefined {
    return this.#streams.get(stream);
  }

  /** Up to where retention has dropped a stream. */
  droppedThrough(stream: StreamId): number {
    return this.#streams.get(stream)?.dropped ?? 0;
  }

  /** Whether a message survives a crash now, or was dropped by retention since; with a gap that retention made goes what is older. */
  isDurable(stream: StreamId, seq: number, hasRetention: boolean): boolean {
    const held = this.#streams.get(stream);
    if (held === undefined) return false;
    if (seq <= (hasRetention ? held.floor : held.dropped)) return true;
    const entry = held.entries[firstBehind(held.entries, seq - 1)];
    return entry !== undefined && entry.isCommitted && entry.bundle.firstSeq <= seq;
  }

  /** Whether any seq of (after, upTo] is here. */
  holdsAnyOf(stream: StreamId, after: number, upTo: number): boolean {
    const held = this.#streams.get(stream);
    if (held === undefined) return false;
    const from = Math.max(after, held.floor);
    if (from >= upTo) return false;
    const entry = held.entries[firstBehind(held.entries, from)];
    return entry !== undefined && entry.bundle.firstSeq <= upTo;
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

  #did(entry: Entry | undefined, undo: () => void, saved?: Stream): void {
    this.#pending.push({ entry, saved, undo });
  }

  #open(stream: Stream, floor: number, nowMs: number): Held {
    const held = { stream, floor, frontier: floor, openFrom: undefined, changedAtMs: nowMs, dropped: 0, entries: [] };
    this.#streams.set(stream.id, held);
    this.#did(undefined, () => void this.#streams.delete(stream.id), stream);
    return held;
  }
}

function remove(entries: Entry[], entry: Entry): void {
  const at = entries.lastIndexOf(entry);
  if (at >= 0) entries.splice(at, 1);
}

/** Up to where the entries go on without a hole from `after`. */
function reachOf(entries: readonly Entry[], after: number): number {
  let reach = after;
  for (const { bundle } of entries) if (bundle.firstSeq <= reach + 1) reach = Math.max(reach, bundle.lastSeq);
  return reach;
}

/** Index of the first entry that reaches behind `seq`; entries are in order. */
function firstBehind(entries: readonly Entry[], seq: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.bundle.lastSeq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
