import { curveOf, type Run } from './comparison.js';
import { lawOf, type Law } from './law.js';
import type { Axis, Figure } from './workload.js';

/** What a figure follows as something grows. */
export interface GrowthLaw {
  readonly figure: Figure;
  readonly words: string;
  readonly error: number;
  at(size: number): number;
}

/** Figures that are times or bytes, of which the parts add up. */
const SUMS: readonly (readonly [Figure, string])[] = [
  ['cpuMsPer1000', 'CPU ms/1000'],
  ['p50Ms', 'p50 ms'],
  ['p99Ms', 'p99 ms'],
  ['rssMiB', 'RSS MiB'],
  ['readyMs', 'ready ms'],
];

const MICROSECONDS = 1e6;

/** The laws of what was measured; a rate's is that of the time which a message takes. */
export function lawsOf(runs: readonly Run[], axis: Axis): GrowthLaw[] {
  const times = curveOf(runs, axis, 'deliveredPerSecond').map(({ size, median }) => ({
    size,
    median: MICROSECONDS / median,
  }));
  const rate = lawOf(times);
  const rest = SUMS.map(([figure, name]) => named(figure, name, lawOf(curveOf(runs, axis, figure)), axis));
  return [
    ...named('deliveredPerSecond', 'µs per message', rate, axis).map((law) => ({
      ...law,
      at: (size: number) => MICROSECONDS / law.at(size),
    })),
    ...rest.flat(),
  ];
}

function named(figure: Figure, name: string, law: Law | undefined, { unit }: Axis): GrowthLaw[] {
  if (law === undefined) return [];
  return [{ figure, words: `${name} ≈ ${law.formula(unit)}`, error: law.error, at: law.at }];
}
