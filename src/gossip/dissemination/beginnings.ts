/**
 * When interests of other nodes began, as times of the own log. Each is worked out once, while both clocks are known, and kept:
 * a clock that is set afterwards, here or there, moves neither what was logged nor what was wanted.
 */
import type { NodeId } from '../../peers/node-id.js';

/** Beginnings that are kept; the one that was worked out first is worked out again when it is needed. */
export const BEGINNINGS_MAX = 65_536;
/** Clocks that tell whole milliseconds are off by up to one each. */
const CLOCK_MARGIN_MS = 2;

/** What is known of clocks. */
export interface Clocks {
  /** The own wall clock. */
  wallMs(): number;
  isLinked(peer: NodeId): boolean;
  /** Undefined until a probe over the link was answered. */
  rttMs(peer: NodeId): number | undefined;
  /** The peer's wall clock minus the own, as it was last known. */
  offsetMs(peer: NodeId): number | undefined;
}

export class Beginnings {
  readonly #known = new Map<string, number>();

  constructor(private readonly clocks: Clocks) {}

  /** A time that a peer named as one of the own log, erring to the early side; undefined until its clock was measured. */
  localTimeOf(peer: NodeId, theirWallMs: number): number | undefined {
    const key = `${theirWallMs} ${peer}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const rttMs = this.clocks.rttMs(peer);
    // What was known of the clock of a peer that has a link now may be of its earlier life.
    if (rttMs === undefined && this.clocks.isLinked(peer)) return undefined;
    // The offset is off by at most half a round trip: too early a beginning brings a moment more, too late a one loses it.
    const errorMs = Math.max(CLOCK_MARGIN_MS, (rttMs ?? 0) / 2);
    const localMs = theirWallMs - (this.clocks.offsetMs(peer) ?? 0) - errorMs;
    // What was heard of has begun: else its clock was set since it was measured.
    if (rttMs !== undefined && localMs <= this.clocks.wallMs()) this.#keep(key, localMs);
    return localMs;
  }

  #keep(key: string, localMs: number): void {
    const oldest = this.#known.size >= BEGINNINGS_MAX ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, localMs);
  }
}
