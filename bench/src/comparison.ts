import { powerLawOf } from './law.js';
import { spreadOf, type Spread } from './statistics.js';
import type { Axis, Figure, Figures } from './workload.js';

/** One measured run of one system. */
export interface Run {
  readonly system: string;
  readonly repetition: number;
  readonly figures: Figures;
  readonly foreignShare: number;
}

export type Spreads = { readonly [figure in Figure]?: Spread };

export type Ratios = { readonly [figure in Figure]?: number };

/** Figures of which a ratio says something. */
const COMPARED: readonly Figure[] = ['deliveredPerSecond', 'cpuMsPer1000', 'p50Ms', 'p99Ms', 'rssMiB', 'readyMs'];

const OWN_NAME = 'grapevine';

/** Whether a system is a form of the product rather than a peer. */
export function isOwn(system: string): boolean {
  return system === OWN_NAME || system.startsWith(`${OWN_NAME}-`);
}

/** Median, least and greatest of each figure, per system. */
export function spreadsOf(runs: readonly Run[]): Map<string, Spreads> {
  return new Map(namesOf(runs).map((system) => [system, spreadsOfOne(runs.filter((run) => run.system === system))]));
}

/** The medians of each of ours divided by those of each peer. */
export function ratiosOf(spreads: ReadonlyMap<string, Spreads>): Record<string, Record<string, Ratios>> {
  const peers = [...spreads].filter(([system]) => !isOwn(system));
  const ratios: Record<string, Record<string, Ratios>> = {};
  for (const [system, own] of spreads) {
    if (!isOwn(system)) continue;
    const comparable = peers.filter(([peer]) => isBatch(peer) === isBatch(system));
    ratios[system] = Object.fromEntries(comparable.map(([peer, its]) => [peer, ratio(own, its)]));
  }
  return ratios;
}

/** The medians of each other form of ours divided by those of `grapevine`. */
export function variantsOf(spreads: ReadonlyMap<string, Spreads>): [string, Ratios][] {
  const whole = spreads.get(OWN_NAME);
  const others = [...spreads].filter(([system]) => isOwn(system) && system !== OWN_NAME);
  return whole === undefined ? [] : others.map(([system, its]) => [`${system} / ${OWN_NAME}`, ratio(its, whole)]);
}

/** Many messages per request are compared with many alone. */
function isBatch(system: string): boolean {
  return system.endsWith('-128');
}

function namesOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.map(({ system }) => system))];
}

function spreadsOfOne(runs: readonly Run[]): Spreads {
  const figures = new Set(runs.flatMap((run) => Object.keys(run.figures) as Figure[]));
  return Object.fromEntries(
    [...figures].map((figure) => [figure, spreadOf(runs.flatMap((run) => run.figures[figure] ?? []))]),
  );
}

function ratio(own: Spreads, peer: Spreads): Ratios {
  return Object.fromEntries(
    COMPARED.flatMap((figure) => {
      const [ours, theirs] = [own[figure]?.median, peer[figure]?.median];
      return ours === undefined || theirs === undefined || theirs === 0 ? [] : [[figure, ours / theirs]];
    }),
  );
}

/**
 * How steeply a figure grows between two sizes: the exponent e of size^e, so 0 is constant, 1 linear, 2 quadratic.
 */
export interface Slope {
  readonly from: number;
  readonly to: number;
  readonly exponents: Ratios;
}

/** The slopes between neighbouring sizes, smallest first. */
export function slopesOf(runs: readonly Run[], axis: Axis): Slope[] {
  const points = pointsOf(runs, axis);
  return points.slice(1).map(({ size, its }, index) => {
    const before = points[index] ?? { size, its };
    const growth = Object.entries(ratio(its, before.its)).map(([figure, factor]) => [
      figure,
      Math.log(factor) / Math.log(size / before.size),
    ]);
    return { from: before.size, to: size, exponents: Object.fromEntries(growth) as Ratios };
  });
}

/** The exponent of the power law that fits a figure's medians at all sizes best; none of fewer than three. */
export function exponentsOf(runs: readonly Run[], axis: Axis): Ratios {
  return Object.fromEntries(
    COMPARED.flatMap((figure) => {
      const law = powerLawOf(curveOf(runs, axis, figure));
      return law === undefined ? [] : [[figure, law.exponent]];
    }),
  );
}

/** A figure's spread at each size where it was measured, smallest first. */
export function curveOf(runs: readonly Run[], axis: Axis, figure: Figure): (Spread & { readonly size: number })[] {
  return pointsOf(runs, axis).flatMap(({ size, its }) => (its[figure] === undefined ? [] : [{ size, ...its[figure] }]));
}

function pointsOf(runs: readonly Run[], { sizes }: Axis): { size: number; its: Spreads }[] {
  return [...spreadsOf(runs)]
    .flatMap(([system, its]) => (sizes[system] === undefined ? [] : [{ size: sizes[system], its }]))
    .sort((a, b) => a.size - b.size);
}
