import type { Verdict } from './invariants.js';
import type { World, WorldOptions } from './world.js';

/** What a row of the table promises besides the invariants, by a short name. */
export type Findings = Readonly<Record<string, Verdict>>;

/** One fault, injected into a cluster that is busy, and what must hold of it. */
export interface ChaosCase {
  readonly id: string;
  /** What is injected. */
  readonly title: string;
  readonly world?: WorldOptions;
  /** Left out of a short run unless it is asked for by name. */
  readonly isLong?: boolean;
  /** Why it cannot run here, or undefined. */
  readonly skip?: () => string | undefined;
  run(world: World): Promise<Findings>;
}

/** A figure below or at its bound. */
export function atMost(value: number, bound: number, unit = ''): Verdict {
  return { isMet: value <= bound, figure: `${shown(value)}${unit} (≤ ${shown(bound)}${unit})` };
}

/** A figure above or at its bound. */
export function atLeast(value: number, bound: number, unit = ''): Verdict {
  return { isMet: value >= bound, figure: `${shown(value)}${unit} (≥ ${shown(bound)}${unit})` };
}

/** A figure that must be what it should be. */
export function exactly(value: number | string, wanted: number | string): Verdict {
  return { isMet: value === wanted, figure: value === wanted ? `${value}` : `${value}, not ${wanted}` };
}

/** The value below which a share of all values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);
}
