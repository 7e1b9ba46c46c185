import { exponentsOf, ratiosOf, slopesOf, spreadsOf, variantsOf, type Ratios, type Run } from './comparison.js';
import { lawsOf } from './growth-laws.js';
import type { Spread } from './statistics.js';
import type { Table } from './table.js';
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
export function figuresTable(runs: readonly Run[]): Table {
  const spreads = [...spreadsOf(runs)];
  const columns = COLUMNS.filter(({ figure }) => spreads.some(([, its]) => its[figure] !== undefined));
  return [
    ['system', ...columns.map(({ heading }) => heading)],
    ...spreads.map(([system, its]) => [system, ...columns.map(({ figure, show }) => cell(its[figure], show))]),
  ];
}

/** A line per pair of ours and a peer. */
export function ratiosTable(runs: readonly Run[]): Table {
  return factorsTable('ratio', pairsOf(runs));
}

/** A line per other form of ours, beside `grapevine`. */
export function variantsTable(runs: readonly Run[]): Table {
  return factorsTable('ratio', variantsOf(spreadsOf(runs)));
}

/** A line per pair whose ratio was recorded before: then, and now. Nothing is judged: machines differ, and a short run says little. */
export function changesTable(runs: readonly Run[], recorded: readonly Run[]): Table {
  const before = new Map(pairsOf(recorded));
  const pairs = pairsOf(runs).flatMap(([pair, now]) => {
    const old = before.get(pair);
    return old === undefined ? [] : [{ pair, old, now }];
  });
  return rowsOf(
    'ratio, recorded > now',
    pairs.map(({ pair, old, now }) => ({
      name: pair,
      has: now,
      show: (figure) => `${factor(old[figure])} > ${factor(now[figure])}`,
    })),
  );
}

/** A line per pair of neighbouring sizes, then one for all of them. */
export function slopesTable(runs: readonly Run[], axis: Axis): Table {
  const slopes = slopesOf(runs, axis).map(({ from, to, exponents }): [string, Ratios] => [
    `${from.toLocaleString('en')} to ${to.toLocaleString('en')}`,
    exponents,
  ]);
  return factorsTable(`exponent of ${axis.unit}`, [...slopes, ['all', exponentsOf(runs, axis)]]);
}

/** What each figure follows, where a law could be fitted. */
export function lawsTable(runs: readonly Run[], axis: Axis): Table {
  const laws = lawsOf(runs, axis);
  if (laws.length === 0) return [];
  return [['law', 'points are off it by'], ...laws.map(({ words, error }) => [words, `${Math.round(error * 100)} %`])];
}

function pairsOf(runs: readonly Run[]): [string, Ratios][] {
  return Object.entries(ratiosOf(spreadsOf(runs))).flatMap(([own, peers]) =>
    Object.entries(peers).map(([peer, ratios]): [string, Ratios] => [`${own} / ${peer}`, ratios]),
  );
}

function factorsTable(heading: string, rows: readonly (readonly [string, Ratios])[]): Table {
  return rowsOf(
    heading,
    rows.map(([name, has]) => ({ name, has, show: (figure) => factor(has[figure]) })),
  );
}

interface Row {
  readonly name: string;
  readonly has: Ratios;
  readonly show: (figure: Figure) => string;
}

/** With the columns of which a row has something; empty when none has. */
function rowsOf(heading: string, rows: readonly Row[]): Table {
  const columns = COLUMNS.filter(({ figure }) => rows.some(({ has }) => has[figure] !== undefined));
  if (columns.length === 0) return [];
  return [
    [heading, ...columns.map(({ heading }) => heading)],
    ...rows.map(({ name, show }) => [name, ...columns.map(({ figure }) => show(figure))]),
  ];
}

function factor(value: number | undefined): string {
  return value?.toFixed(2) ?? '-';
}

function cell(spread: Spread | undefined, show: (value: number) => string): string {
  if (spread === undefined) return '-';
  const { median, min, max } = spread;
  return min === max ? show(median) : `${show(median)} (${show(min)}–${show(max)})`;
}

function short(value: number): string {
  return value.toPrecision(3).replace(/e\+?(-?\d+)/, 'e$1');
}
