import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ratiosOf, slopesOf, spreadsOf, type Ratios, type Run } from './comparison.js';
import type { Machine } from './machine.adapter.js';
import type { Axis } from './workload.js';

/** All that was measured of one workload. */
export interface Result {
  readonly workload: string;
  readonly axis: Axis | undefined;
  readonly runs: readonly Run[];
  readonly warnings: readonly string[];
}

/** Writes one object for one workload, an array for several; the path counts from where npm was called. */
export function writeResults(path: string, machine: Machine, results: readonly Result[]): void {
  const written = results.map((result) => jsonOf(machine, result));
  writeFileSync(pathOf(path), `${JSON.stringify(written.length === 1 ? written[0] : written, rounded, 2)}\n`);
}

/** Ratios to peers as a file of results has them. */
export interface Recorded {
  readonly workload: string;
  readonly ratios: Readonly<Record<string, Ratios>>;
}

/** What `writeResults` wrote before. */
export function readRecorded(path: string): readonly Recorded[] {
  const read = JSON.parse(readFileSync(pathOf(path), 'utf8')) as Recorded | readonly Recorded[];
  return 'workload' in read ? [read] : read;
}

function pathOf(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', path);
}

function jsonOf(machine: Machine, { workload, axis, runs, warnings }: Result): unknown {
  const spreads = spreadsOf(runs);
  const { grapevine = {}, ...variantRatios } = ratiosOf(spreads);
  return {
    workload,
    machine,
    warnings,
    runs: runs.map(({ system, repetition, figures, foreignShare }) => ({
      system,
      repetition,
      ...figures,
      foreignShare,
    })),
    medians: Object.fromEntries([...spreads].map(([system, its]) => [system, mapped(its, ({ median }) => median)])),
    spreads: Object.fromEntries(
      [...spreads].map(([system, its]) => [system, mapped(its, ({ min, max }) => [min, max])]),
    ),
    ratios: grapevine,
    variantRatios,
    ...(axis === undefined ? {} : { axis, slopes: slopesOf(runs, axis) }),
  };
}

function mapped<Value>(record: { readonly [key: string]: Value }, map: (value: Value) => unknown): unknown {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Four digits are more than a repetition gives. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
