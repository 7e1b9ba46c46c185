import type { Findings } from '../chaos/case.js';

/** What came of one case. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly seconds: number;
  readonly findings: Findings;
  /** What ended it before its end. */
  readonly error?: string;
}

/** Whether everything held. */
export function isGreen({ error, findings }: Outcome): boolean {
  return error === undefined && Object.values(findings).every(({ isMet }) => isMet);
}

/** A case as lines for people. */
export function lines(outcome: Outcome): string {
  const { id, title, seconds, findings, error } = outcome;
  return [
    `${isGreen(outcome) ? '✓' : '✗'} ${id} ${title} (${Math.round(seconds)} s)`,
    ...Object.entries(findings).map(([name, { isMet, figure }]) => `    ${isMet ? '✓' : '✗'} ${name}: ${figure}`),
    ...(error === undefined ? [] : [`    ✗ ended early: ${error}`]),
    '',
  ].join('\n');
}

/** Cases by what must hold, as a table for a page. */
export function markdown(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ id, title, findings, error }) => {
    const told = Object.entries(findings).map(([name, { isMet, figure }]) => `${isMet ? '✓' : '✗'} ${name}: ${figure}`);
    if (error !== undefined) told.push(`✗ ended early: ${error.split('\n')[0]}`);
    return `| ${id} | ${title} | ${told.join('<br>')} |`;
  });
  return ['| case | sent | what held |', '|---|---|---|', ...rows, ''].join('\n');
}
