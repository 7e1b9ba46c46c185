import type { Findings } from './case.js';
import type { Verdict } from './invariants.js';
import { INVARIANTS } from './world.js';

/** What came of one run of a case. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly seed: number;
  readonly seconds: number;
  /** Why it was not run. */
  readonly skipped?: string;
  /** What ended it before its end. */
  readonly error?: string;
  readonly findings: Findings;
  readonly invariants: Readonly<Partial<Record<(typeof INVARIANTS)[number], Verdict>>>;
  /** Publications: what was asked for, accepted and refused. */
  readonly traffic: string;
}

/** Sums of a run. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Whether everything held. */
export function isGreen({ error, findings, invariants }: Outcome): boolean {
  return error === undefined && [...Object.values(findings), ...Object.values(invariants)].every(({ isMet }) => isMet);
}

/** How many cases passed, failed and were skipped. */
export function totalsOf(outcomes: readonly Outcome[]): Totals {
  const run = outcomes.filter(({ skipped }) => skipped === undefined);
  const passed = run.filter(isGreen).length;
  return { passed, failed: run.length - passed, skipped: outcomes.length - run.length };
}

/** One line of a table per case: of a case that was run many times the first red run, else the last. */
export function byCase(outcomes: readonly Outcome[]): Outcome[] {
  return [...new Set(outcomes.map(({ id }) => id))].map((id) => {
    const ofCase = outcomes.filter((outcome) => outcome.id === id);
    const shown = ofCase.find((outcome) => !isGreen(outcome)) ?? ofCase.at(-1)!;
    const green = ofCase.filter(isGreen).length;
    return ofCase.length === 1
      ? shown
      : { ...shown, title: `${shown.title} (${green} of ${ofCase.length} runs green)` };
  });
}

/** A case as lines for people: its row of the table, and what it promises besides the invariants. */
export function lines(outcome: Outcome): string {
  const { id, title, seed, seconds, skipped, error, findings, invariants, traffic } = outcome;
  if (skipped !== undefined) return `- ${id} ${title}: skipped, ${skipped}\n`;
  const cells = INVARIANTS.map((name) => `${name} ${shown(invariants[name])}`);
  return [
    `${isGreen(outcome) ? '✓' : '✗'} ${id} ${title} (${Math.round(seconds)} s, ${traffic})`,
    `    ${cells.join(' · ')}`,
    ...Object.entries(findings).map(([name, verdict]) => `    ${mark(verdict)} ${name}: ${verdict.figure}`),
    ...(error === undefined ? [] : [`    ✗ ended early: ${error}`]),
    ...(isGreen(outcome) ? [] : [`    again: npm run chaos -- --only ${id} --seed ${seed}`]),
    '',
  ].join('\n');
}

/** Cases by invariants with figures, as a table for a page. */
export function markdown(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const { id, title, skipped, error, findings, invariants } = outcome;
    if (skipped !== undefined)
      return row(
        id,
        `${title}: skipped, ${skipped}`,
        INVARIANTS.map(() => ''),
      );
    const own = Object.entries(findings).map(([name, verdict]) => `${mark(verdict)} ${name}: ${verdict.figure}`);
    const told = [title, ...own, ...(error === undefined ? [] : [`✗ ended early: ${error}`])].join('<br>');
    return row(
      id,
      told,
      INVARIANTS.map((name) => shown(invariants[name])),
    );
  });
  const head = row('case', 'injected, and what was seen', INVARIANTS);
  return [
    head,
    row(
      '---',
      '---',
      INVARIANTS.map(() => '---'),
    ),
    ...rows,
    '',
  ].join('\n');
}

/** The matrix without figures: one glance says what is red. */
export function matrix(outcomes: readonly Outcome[]): string {
  const line = (cells: readonly string[]): string => cells.map((cell) => cell.padEnd(7)).join('');
  return [
    line(['case', 'bounds', ...INVARIANTS]),
    ...outcomes.map((outcome) => {
      const { id, skipped, error, findings, invariants } = outcome;
      if (skipped !== undefined) return line([id, 'skipped']);
      const isBounded = error === undefined && Object.values(findings).every(({ isMet }) => isMet);
      return line([id, isBounded ? '✓' : '✗', ...INVARIANTS.map((name) => mark(invariants[name]))]);
    }),
    '',
  ].join('\n');
}

function shown(verdict: Verdict | undefined): string {
  return verdict === undefined ? '?' : `${mark(verdict)} ${verdict.figure}`;
}

function mark(verdict: Verdict | undefined): string {
  return verdict === undefined ? '?' : verdict.isMet ? '✓' : '✗';
}

function row(id: string, told: string, cells: readonly string[]): string {
  return `| ${[id, told, ...cells].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
