import type { Schedule, TimerExpired } from '../../runtime/core.js';
import { coveringEntries } from './covering-patterns.js';
import type { InterestEntry } from './interest.js';
import type { InterestSegment } from './interest-segment.js';
import type { NodeId } from '../node-id.js';

export type OwnInterestInput =
  /** All that this node wants from now on. */
  { readonly type: 'wanted'; readonly entries: readonly InterestEntry[] } | TimerExpired<OwnInterestTimer>;

export type OwnInterestOutput =
  /** To be signed and handed to the membership core as a `segment` input. */
  { readonly type: 'announce'; readonly segment: InterestSegment } | Schedule<OwnInterestTimer>;

export type OwnInterestTimer = 'announce';

/**
 * Turns what this node wants into versions of its interest: the first change goes out at once, later ones together, at most ten
 * versions a second. The first version of a life is a snapshot, also when it is empty, so that it replaces the one before;
 * steps follow, and a new snapshot once they weigh more than it.
 */
export class OwnInterestCore {
  #announced = new Map<string, number>();
  #wanted: readonly InterestEntry[] = [];
  #version = 0;
  #stepsSinceSnapshot = 0;
  #entriesSinceSnapshot = 0;
  #nextMs = Number.NEGATIVE_INFINITY;
  #isScheduled = false;

  constructor(
    private readonly self: NodeId,
    private readonly epoch: number,
  ) {}

  handle(input: OwnInterestInput, nowMs: number): readonly OwnInterestOutput[] {
    if (input.type === 'wanted') this.#wanted = input.entries;
    else this.#isScheduled = false;
    if (this.#isScheduled) return [];
    if (nowMs < this.#nextMs) {
      this.#isScheduled = true;
      return [{ type: 'schedule', afterMs: this.#nextMs - nowMs, timer: 'announce' }];
    }
    const segment = this.#cut();
    if (segment === undefined) return [];
    this.#nextMs = nowMs + INTERVAL_MS;
    return [{ type: 'announce', segment }];
  }

  #cut(): InterestSegment | undefined {
    const covering = coveringEntries(this.#wanted);
    const wanted = new Map(covering.map((entry) => [entry.pattern, entry.sinceMs]));
    const added = [...wanted]
      .filter(([pattern, sinceMs]) => this.#announced.get(pattern) !== sinceMs)
      .map(([pattern, sinceMs]) => ({ pattern, sinceMs }));
    const removed = [...this.#announced.keys()].filter((pattern) => !wanted.has(pattern));
    if (this.#version > 0 && added.length + removed.length === 0) return undefined;
    this.#announced = wanted;
    this.#stepsSinceSnapshot++;
    this.#entriesSinceSnapshot += added.length + removed.length;
    const isSnapshot =
      this.#version === 0 ||
      this.#stepsSinceSnapshot > STEPS_MAX ||
      this.#entriesSinceSnapshot > wanted.size + STEPS_MAX;
    const place = { subject: this.self, epoch: this.epoch, version: this.#version + 1 };
    this.#version++;
    if (!isSnapshot) return { ...place, base: this.#version - 1, added, removed };
    this.#stepsSinceSnapshot = 0;
    this.#entriesSinceSnapshot = 0;
    return { ...place, base: 0, added: [...covering], removed: [] };
  }
}

/** At most ten versions a second. */
const INTERVAL_MS = 100;

/** Steps between two snapshots; a third of what others accept. */
const STEPS_MAX = 20;
