import { ratiosOf, slopesOf, spreadsOf, type Ratios, type Run } from './comparison.js';
import type { Spread } from './statistics.js';
import type { Axis, Figure } from './workload.js';

interface Column {
  readonly figure: Figure;
  readonly heading: string;
  readonly show: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { figure: 'deliveredPerSecond', heading: 'delivered/s', show: (value) => Math.round(value).toLocaleString('en') },
  { figure: 'cpuMsPer1000', heading: 'CPU ms/1000', show: short },
  { figure: 'p50Ms', heading: 'p50 ms', show: short },
  { figure: 'p99Ms', heading: 'p99 ms', show: short },
  { figure: 'rssMiB', heading: 'RSS MiB', show: (value) => value.toFixed(0) },
  { figure: 'lost', heading: 'lost', show: (value) => value.toFixed(0) },
  { figure: 'copies', heading: 'copies', show: (value) => value.toFixed(3) },
  { figure: 'readyMs', heading: 'ready ms', show: (value) => value.toFixed(0) },
  { figure: 'idleCpuPercent', heading: 'idle CPU %', show: short },
  { figure: 'idleBytesPerSecond', heading: 'idle B/s per link', show: (value) => value.toFixed(0) },
];

/** A line per system: median, and from least to greatest. */
export function figuresTable(runs: readonly Run[]): string {
  const spreads = [...spreadsOf(runs)];
  const columns = COLUMNS.filter(({ figure }) => spreads.some(([, its]) => its[figure] !== undefined));
  return aligned([
    ['system', ...columns.map(({ heading }) => heading)],
    ...spreads.map(([system, its]) => [system, ...columns.map(({ figure, show }) => cell(its[figure], show))]),
  ]);
}

/** A line per pair of ours and a peer; empty when there is none. */
export function ratiosTable(runs: readonly Run[]): string {
  const rows = Object.entries(ratiosOf(spreadsOf(runs))).flatMap(([own, peers]) =>
    Object.entries(peers).map(([peer, ratios]) => ({ pair: `${own} / ${peer}`, ratios })),
  );
  const columns = COLUMNS.filter(({ figure }) => rows.some(({ ratios }) => ratios[figure] !== undefined));
  if (columns.length === 0) return '';
  return aligned([
    ['ratio', ...columns.map(({ heading }) => heading)],
    ...rows.map(({ pair, ratios }) => [pair, ...columns.map(({ figure }) => ratios[figure]?.toFixed(2) ?? '-')]),
  ]);
}

/** A line per peer whose ratio was recorded before: then, and now. Nothing is judged: machines differ, and a short run says little. */
export function changesTable(runs: readonly Run[], before: Readonly<Record<string, Ratios>>): string {
  const now = ratiosOf(spreadsOf(runs))['grapevine'] ?? {};
  const rows = Object.entries(now).flatMap(([peer, ratios]) => {
    const recorded = before[peer];
    return recorded === undefined ? [] : [{ peer, ratios, recorded }];
  });
  const columns = COLUMNS.filter(({ figure }) => rows.some(({ ratios }) => ratios[figure] !== undefined));
  if (columns.length === 0) return '';
  return aligned([
    ['ratio, recorded and now', ...columns.map(({ heading }) => heading)],
    ...rows.map(({ peer, ratios, recorded }) => [
      `grapevine / ${peer}`,
      ...columns.map(({ figure }) => `${recorded[figure]?.toFixed(2) ?? '-'} > ${ratios[figure]?.toFixed(2) ?? '-'}`),
    ]),
  ]);
}

/** A line per pair of neighbouring sizes; empty when there is but one size. */
export function slopesTable(runs: readonly Run[], axis: Axis): string {
  const slopes = slopesOf(runs, axis);
  const columns = COLUMNS.filter(({ figure }) => slopes.some(({ exponents }) => exponents[figure] !== undefined));
  if (columns.length === 0) return '';
  return aligned([
    [`grows with ${axis.unit}^`, ...columns.map(({ heading }) => heading)],
    ...slopes.map(({ from, to, exponents }) => [
      `${from} to ${to}`,
      ...columns.map(({ figure }) => exponents[figure]?.toFixed(2) ?? '-'),
    ]),
  ]);
}

function cell(spread: Spread | undefined, show: (value: number) => string): string {
  if (spread === undefined) return '-';
  const { median, min, max } = spread;
  return min === max ? show(median) : `${show(median)} (${show(min)}-${show(max)})`;
}

function short(value: number): string {
  return value.toPrecision(3).replace(/e\+?(-?\d+)/, 'e$1');
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
