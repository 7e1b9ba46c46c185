import type { InterestEntry } from '../peers/interest.js';

/** Interest that only clients had stays so long after the last of them left, so that coming back costs nothing. */
export const CLIENT_INTEREST_LINGERS_MS = 60_000;

/** Topics and patterns that a node wants in all; above it new ones are refused. Every change costs in proportion to them. */
export const WANTED_PATTERNS_MAX = 8_192;

/** Who wants a topic or pattern: the node itself, a handler in its process, or a connected client. */
export type Wanter = 'node' | 'handler' | 'client';

interface Wanted {
  sinceMs: number;
  readonly by: Record<Wanter, number>;
  /** When it is dropped, by the monotonic clock; Infinity while somebody wants it. */
  lingersUntilMs: number;
}

/** What this node wants in all, for whom, and since when. */
export class InterestUnion {
  readonly #wanted = new Map<string, Wanted>();

  constructor(private readonly patternsMax: number = WANTED_PATTERNS_MAX) {}

  /** Whether `pattern` may be added; what only lingers makes room. */
  hasRoomFor(pattern: string): boolean {
    if (this.#wanted.size < this.patternsMax || this.#wanted.has(pattern)) return true;
    return [...this.#wanted.values()].some(isLingering);
  }

  /** `sinceMs` is by the wall clock, 0 for all that is retained. True when what peers must know has changed. */
  add(pattern: string, by: Wanter, sinceMs: number): boolean {
    const wanted = this.#wanted.get(pattern);
    if (wanted === undefined) {
      if (this.#wanted.size >= this.patternsMax) this.#dropLingering();
      const count = { node: 0, handler: 0, client: 0, [by]: 1 };
      this.#wanted.set(pattern, { sinceMs, by: count, lingersUntilMs: Infinity });
      return true;
    }
    wanted.by[by]++;
    wanted.lingersUntilMs = Infinity;
    if (sinceMs >= wanted.sinceMs) return false;
    wanted.sinceMs = sinceMs;
    return true;
  }

  /** True when what peers must know has changed. */
  remove(pattern: string, by: Wanter, nowMs: number): boolean {
    const wanted = this.#wanted.get(pattern);
    if (wanted === undefined || wanted.by[by] === 0) return false;
    wanted.by[by]--;
    if (wanted.by.node + wanted.by.handler + wanted.by.client > 0) return false;
    if (by === 'client') {
      wanted.lingersUntilMs = nowMs + CLIENT_INTEREST_LINGERS_MS;
      return false;
    }
    this.#wanted.delete(pattern);
    return true;
  }

  /** Drops what has lingered long enough; true when there was any. */
  expire(nowMs: number): boolean {
    const before = this.#wanted.size;
    for (const [pattern, { lingersUntilMs }] of this.#wanted) {
      if (lingersUntilMs <= nowMs) this.#wanted.delete(pattern);
    }
    return this.#wanted.size < before;
  }

  /** When `expire` has something to do next, by the monotonic clock. */
  get nextExpiryMs(): number | undefined {
    let nextMs = Infinity;
    for (const { lingersUntilMs } of this.#wanted.values()) nextMs = Math.min(nextMs, lingersUntilMs);
    return nextMs === Infinity ? undefined : nextMs;
  }

  sinceMs(pattern: string): number | undefined {
    return this.#wanted.get(pattern)?.sinceMs;
  }

  clients(pattern: string): number {
    return this.#wanted.get(pattern)?.by.client ?? 0;
  }

  /** What is wanted now, lingering included, in the order it was first wanted. */
  entries(): InterestEntry[] {
    return [...this.#wanted].map(([pattern, { sinceMs }]) => ({ pattern, sinceMs }));
  }

  /** The one that would go first. */
  #dropLingering(): void {
    const lingering = [...this.#wanted].filter(([, wanted]) => isLingering(wanted));
    lingering.sort(([, one], [, other]) => one.lingersUntilMs - other.lingersUntilMs);
    const [first] = lingering;
    if (first !== undefined) this.#wanted.delete(first[0]);
  }
}

function isLingering({ lingersUntilMs }: Wanted): boolean {
  return lingersUntilMs !== Infinity;
}
