import type { InterestEntry } from '../peers/interest/interest.js';
import { PatternTree } from '../topics/pattern-tree.js';

/** Interest that only clients had stays so long after the last of them left, so that coming back costs nothing. */
export const CLIENT_INTEREST_LINGERS_MS = 60_000;

/** Topics and patterns that a node wants in all; above it new ones are refused. What peers are told costs in proportion to them. */
export const WANTED_PATTERNS_MAX = 8_192;

/** Who wants a topic or pattern: the node itself, a handler in its process, or a connected client. */
export type Wanter = 'node' | 'handler' | 'client';

interface Wanted {
  sinceMs: number;
  readonly by: Record<Wanter, number>;
}

/** What this node wants in all, for whom, and since when. */
export class InterestUnion {
  readonly #wanted = new Map<string, Wanted>();
  readonly #tree = new PatternTree<null>();
  /** When what nobody wants any more is dropped, by the monotonic clock; in that order, as all of it lingers equally long. */
  readonly #lingering = new Map<string, number>();

  constructor(private readonly patternsMax: number = WANTED_PATTERNS_MAX) {}

  /** Whether `pattern` may be added; what only lingers makes room. */
  hasRoomFor(pattern: string): boolean {
    return this.#wanted.size < this.patternsMax || this.#wanted.has(pattern) || this.#lingering.size > 0;
  }

  /** `sinceMs` is by the wall clock, 0 for all that is retained. True when what peers must know has changed. */
  add(pattern: string, by: Wanter, sinceMs: number): boolean {
    const wanted = this.#wanted.get(pattern);
    if (wanted === undefined) {
      if (this.#wanted.size >= this.patternsMax) this.#dropLingering();
      this.#wanted.set(pattern, { sinceMs, by: { node: 0, handler: 0, client: 0, [by]: 1 } });
      this.#tree.add(pattern, null);
      return true;
    }
    wanted.by[by]++;
    this.#lingering.delete(pattern);
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
    if (by === 'client') this.#lingering.set(pattern, nowMs + CLIENT_INTEREST_LINGERS_MS);
    else this.#drop(pattern);
    return by !== 'client';
  }

  /** Drops what has lingered long enough; true when there was any. */
  expire(nowMs: number): boolean {
    const before = this.#wanted.size;
    for (const [pattern, untilMs] of this.#lingering) {
      if (untilMs > nowMs) break;
      this.#drop(pattern);
    }
    return this.#wanted.size < before;
  }

  /** When `expire` has something to do next, by the monotonic clock. */
  get nextExpiryMs(): number | undefined {
    const [nextMs] = this.#lingering.values();
    return nextMs;
  }

  /** Whether a topic is wanted now, lingering included. */
  isWanted(topic: string): boolean {
    return this.#tree.matches(topic);
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
    const [first] = this.#lingering.keys();
    if (first !== undefined) this.#drop(first);
  }

  #drop(pattern: string): void {
    this.#wanted.delete(pattern);
    this.#lingering.delete(pattern);
    this.#tree.delete(pattern, null);
  }
}
