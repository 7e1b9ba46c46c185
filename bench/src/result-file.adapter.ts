import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ratiosOf, slopesOf, spreadsOf, type Run } from './comparison.js';
import { givenPath } from './given-path.adapter.js';
import type { Machine } from './machine.adapter.js';
import type { Axis, Figures } from './workload.js';

/** All that was measured of one workload, and how to do it again. */
export interface Result {
  readonly workload: string;
  readonly title: string;
  readonly command: string;
  /** When it began, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly axis?: Axis;
  readonly runs: readonly Run[];
  readonly warnings: readonly string[];
}

/** A run as it is written: its figures beside what it is of. */
type WrittenRun = Omit<Run, 'figures'> & Figures;

/** Writes one object for one workload, an array for several; the path counts from where npm was called. */
export function writeResults(path: string, results: readonly Result[]): void {
  const written = results.map(withSums);
  writeFileSync(givenPath(path), `${JSON.stringify(written.length === 1 ? written[0] : written, rounded, 2)}\n`);
}

/** What `writeResults` wrote before; throws an error that says what is wrong with the file. */
export function readResults(path: string): Result[] {
  const read = JSON.parse(readFileSync(givenPath(path), 'utf8')) as unknown;
  return [read].flat().map((one) => {
    const { runs, ...rest } = one as Omit<Result, 'runs'> & { readonly runs: readonly WrittenRun[] };
    if (typeof rest.workload !== 'string' || !Array.isArray(runs)) throw new Error(`${path} holds no results`);
    return { ...rest, runs: runs.map(readRun) };
  });
}

/** Whether there is such a file; the path counts from where npm was called. */
export function existsHere(path: string): boolean {
  return existsSync(givenPath(path));
}

/** The same without the runs, in one line: what a log can keep. */
export function lineOf(results: readonly Result[]): string {
  return JSON.stringify(
    results.map((result) => ({ ...withSums(result), runs: undefined, spreads: undefined })),
    rounded,
  );
}

function readRun({ system, repetition, foreignShare, ...figures }: WrittenRun): Run {
  return { system, repetition, foreignShare, figures };
}

/** With medians, spreads and ratios, which can be had from the runs again. */
function withSums({ runs, ...rest }: Result): object {
  const spreads = spreadsOf(runs);
  const { grapevine = {}, ...variantRatios } = ratiosOf(spreads);
  return {
    ...rest,
    runs: runs.map(({ system, repetition, figures, foreignShare }): WrittenRun => ({
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
    ...(rest.axis !== undefined && { slopes: slopesOf(runs, rest.axis) }),
  };
}

function mapped<Value>(record: { readonly [key: string]: Value }, map: (value: Value) => unknown): unknown {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Four digits are more than a repetition gives. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
