import type { StreamId } from '../bundles/stream.js';

interface Backfill {
  /** What is here of the history: every seq in (floor, frontier]. */
  readonly floor: number;
  frontier: number;
  bytes: number;
  changedAtMs: number;
}

/** History below the floor of streams, on its way: in the store already, held only when it reaches the floor. */
export class Backfills {
  readonly #backfills = new Map<StreamId, Backfill>();

  /** Notes the next bundle; `anew` when it does not continue what was there, which is then of no use. */
  add(
    bundle: { stream: { id: StreamId }; firstSeq: number; lastSeq: number },
    nowMs: number,
  ): 'first' | 'next' | 'anew' {
    const { firstSeq, lastSeq } = bundle;
    const known = this.#backfills.get(bundle.stream.id);
    if (known !== undefined && firstSeq <= known.frontier + 1 && lastSeq > known.frontier) {
      known.frontier = lastSeq;
      known.changedAtMs = nowMs;
      return 'next';
    }
    const begun = { floor: firstSeq - 1, frontier: lastSeq, bytes: 0, changedAtMs: nowMs };
    this.#backfills.set(bundle.stream.id, begun);
    return known === undefined ? 'first' : 'anew';
  }

  grew(stream: StreamId, bytes: number): void {
    const known = this.#backfills.get(stream);
    if (known !== undefined) known.bytes += bytes;
  }

  /** Ends a backfill: its bytes when (floor, through] is all there, else undefined. */
  take(stream: StreamId, floor: number, through: number): number | undefined {
    const known = this.#backfills.get(stream);
    this.#backfills.delete(stream);
    return known !== undefined && known.floor <= floor && known.frontier >= through ? known.bytes : undefined;
  }

  drop(stream: StreamId): void {
    this.#backfills.delete(stream);
  }

  /** Those that are under way. */
  streams(): readonly StreamId[] {
    return [...this.#backfills.keys()];
  }

  clear(): void {
    this.#backfills.clear();
  }

  /** Those that have not grown since. */
  stale(sinceMs: number): readonly StreamId[] {
    return [...this.#backfills].filter(([, { changedAtMs }]) => changedAtMs < sinceMs).map(([stream]) => stream);
  }
}
