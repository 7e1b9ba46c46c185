import type { Figure } from '../workload.js';

/** One picture of a workload's row of them. */
export interface Panel {
  readonly title: string;
  /** Lengths from zero compare by eye; where figures are orders of magnitude apart, only a logarithmic scale shows all of them. */
  readonly as: 'bars' | 'points';
  /** More than one only as points. */
  readonly figures: readonly Figure[];
}

const RATE: Panel = { title: 'delivered per second', as: 'bars', figures: ['deliveredPerSecond'] };
const CPU: Panel = { title: 'CPU ms per 1,000 deliveries', as: 'points', figures: ['cpuMsPer1000'] };
const LATENCY: Panel = { title: 'one way ms: ● p50, ◆ p99', as: 'points', figures: ['p50Ms', 'p99Ms'] };

const PANELS: Readonly<Record<string, readonly Panel[]>> = {
  w2: [LATENCY, CPU],
  w3: [LATENCY, CPU],
  w4: [RATE, { ...LATENCY, title: 'ms since the burst began: ● p50, ◆ p99' }, CPU],
  w5: [
    { title: 'messages accepted per second', as: 'points', figures: ['deliveredPerSecond'] },
    { title: 'CPU ms per 1,000 messages', as: 'points', figures: ['cpuMsPer1000'] },
    { ...LATENCY, title: 'round trip ms: ● p50, ◆ p99' },
  ],
  idle: [
    { title: 'RSS, MiB per node', as: 'bars', figures: ['rssMiB'] },
    { title: 'CPU, % of a core per node', as: 'bars', figures: ['idleCpuPercent'] },
  ],
};

/** What is shown of a workload whose systems are compared. */
export function panelsOf(workload: string): readonly Panel[] {
  return PANELS[workload] ?? [RATE, CPU];
}

/** What is shown of a growing figure. */
export const GROWTH_TITLES: readonly (readonly [Figure, string])[] = [
  ['deliveredPerSecond', 'delivered per second'],
  ['cpuMsPer1000', 'CPU ms per 1,000 deliveries'],
  ['p99Ms', 'p99 ms'],
  ['rssMiB', 'RSS MiB, all processes'],
  ['readyMs', 'ready after ms'],
];
