import { PatternTree } from '../../topics/pattern-tree.js';
import { compareFreshness } from '../membership/member.js';
import { INTEREST_ENTRIES_MAX, INTEREST_LEVELS_MAX, levelsOf } from './interest.js';
import { INTEREST_SEGMENT_BYTES_MAX, type SignedInterestSegment } from './interest-segment.js';
import type { NodeId } from '../node-id.js';

/** `gap`: the steps between what is held and this segment are missing. `over`: it would pass a bound and is refused. */
export type SegmentOutcome = 'applied' | 'known' | 'gap' | 'over';

/** Which version of a node's interest is held. */
export interface InterestVersion {
  readonly epoch: number;
  readonly version: number;
}

/**
 * What each node wants: a map with one writer per node, held as the signed snapshot and the steps since, so that it can
 * be handed on as proof. The higher (epoch, version) wins; the same one says the same.
 */
export class InterestTable {
  readonly #byNode = new Map<NodeId, NodeInterest>();
  readonly #tree = new PatternTree<Want>();
  /** How many nodes want it. */
  readonly #named = new Map<string, number>();

  /** `isMet`: there was a sign of life of its node. Of nodes that are only heard of no more is taken in once this much is held. */
  merge(segment: SignedInterestSegment, isMet = true): SegmentOutcome {
    const held = this.#byNode.get(segment.subject);
    if (held !== undefined && !isNewer(segment, held)) return 'known';
    const levels = levelsOf(segment.added);
    const isMuch = this.#tree.size >= HEARSAY_ENTRIES_MAX || this.#tree.branches >= HEARSAY_BRANCHES_MAX;
    if (!isMet && isMuch) return 'over';
    if (segment.base === 0) {
      if (levels > INTEREST_LEVELS_MAX) return 'over';
      this.forget(segment.subject);
      const none = { epoch: segment.epoch, version: 0, segments: [], wants: new Map(), levels: 0 };
      this.#apply(none, segment, levels);
      return 'applied';
    }
    if (held === undefined || held.epoch !== segment.epoch || held.version !== segment.base) return 'gap';
    const stepBytes = held.segments.slice(1).reduce((bytes, step) => bytes + step.bytes.length, segment.bytes.length);
    const isOver =
      held.segments.length >= SEGMENTS_MAX ||
      stepBytes > INTEREST_SEGMENT_BYTES_MAX ||
      held.wants.size + segment.added.length > ENTRIES_HELD_MAX ||
      held.levels + levels > LEVELS_HELD_MAX;
    if (isOver) return 'over';
    this.#apply(held, segment, levels);
    return 'applied';
  }

  /** Whether merging it could change anything; asked before its signature is verified. */
  isNews(segment: SignedInterestSegment): boolean {
    const held = this.#byNode.get(segment.subject);
    return held === undefined || isNewer(segment, held);
  }

  version(id: NodeId): InterestVersion | undefined {
    return this.#byNode.get(id);
  }

  /** The snapshot and the steps since, as signed by the node, in order. */
  segments(id: NodeId): readonly SignedInterestSegment[] {
    return this.#byNode.get(id)?.segments ?? [];
  }

  /** Who wants `topic`, and since when by their own clocks; the earliest when several patterns match. */
  wanting(topic: string): ReadonlyMap<NodeId, number> {
    const since = new Map<NodeId, number>();
    for (const want of this.#tree.match(topic)) {
      since.set(want.id, Math.min(want.sinceMs, since.get(want.id) ?? Number.POSITIVE_INFINITY));
    }
    return since;
  }

  patterns(id: NodeId): Iterable<string> {
    return this.#byNode.get(id)?.wants.keys() ?? [];
  }

  /** All topics and patterns that are wanted, in no order. */
  named(): Iterable<string> {
    return this.#named.keys();
  }

  /** Who wants exactly this topic or pattern. */
  naming(pattern: string): NodeId[] {
    return Array.from(this.#tree.under(pattern), ({ id }) => id);
  }

  forget(id: NodeId): void {
    const interest = this.#byNode.get(id);
    if (interest === undefined) return;
    for (const pattern of interest.wants.keys()) this.#remove(interest, pattern);
    this.#byNode.delete(id);
  }

  #apply(interest: NodeInterest, segment: SignedInterestSegment, levels: number): void {
    // What a step replaces or removes still counts until the next snapshot: it is in the steps that are kept.
    interest.levels += levels;
    for (const pattern of segment.removed) this.#remove(interest, pattern);
    for (const { pattern, sinceMs } of segment.added) {
      this.#remove(interest, pattern);
      const want = { id: segment.subject, sinceMs };
      interest.wants.set(pattern, want);
      this.#tree.add(pattern, want);
      this.#named.set(pattern, (this.#named.get(pattern) ?? 0) + 1);
    }
    interest.segments.push(segment);
    interest.version = segment.version;
    this.#byNode.set(segment.subject, interest);
  }

  #remove(interest: NodeInterest, pattern: string): void {
    const want = interest.wants.get(pattern);
    if (want === undefined) return;
    this.#tree.delete(pattern, want);
    interest.wants.delete(pattern);
    const others = (this.#named.get(pattern) ?? 1) - 1;
    if (others > 0) this.#named.set(pattern, others);
    else this.#named.delete(pattern);
  }
}

/** Steps after a snapshot, which together may not be larger than one either; a writer makes a new snapshot long before. */
export const SEGMENTS_MAX = 64;

/** Covering patterns replace single ones in one step, so both may be counted for a moment. */
const ENTRIES_HELD_MAX = 2 * INTEREST_ENTRIES_MAX;
const LEVELS_HELD_MAX = 2 * INTEREST_LEVELS_MAX;

/** Held entries, and branches of some 250 bytes: invented nodes cannot make this node hold more. */
const HEARSAY_ENTRIES_MAX = 32 * INTEREST_ENTRIES_MAX;
const HEARSAY_BRANCHES_MAX = 4 * INTEREST_LEVELS_MAX;

interface NodeInterest {
  readonly epoch: number;
  version: number;
  readonly segments: SignedInterestSegment[];
  readonly wants: Map<string, Want>;
  /** Tokens of the snapshot and of all that was added since. */
  levels: number;
}

interface Want {
  readonly id: NodeId;
  readonly sinceMs: number;
}

function isNewer(segment: InterestVersion, held: InterestVersion): boolean {
  return (
    compareFreshness(
      { epoch: segment.epoch, incarnation: segment.version },
      { epoch: held.epoch, incarnation: held.version },
    ) > 0
  );
}
