import { readFileSync } from 'node:fs';

/** The rows of the tables in a section of a page of the documentation, without their heads; cells without backticks. */
export function tableOf(page: string, heading: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.startsWith('#') && line.endsWith(heading));
  if (begin < 0) throw new Error(`${page} has no section ${heading}`);
  const rows: string[][] = [];
  for (const line of lines.slice(begin + 1)) {
    if (line.startsWith('#')) break;
    if (line.startsWith('|')) rows.push(cellsOf(line));
  }
  return rows.filter((_, at) => !isRule(rows[at]) && !isRule(rows[at + 1]));
}

function cellsOf(line: string): string[] {
  const cells = line.split('|').slice(1, -1);
  return cells.map((cell) => cell.replaceAll('`', '').trim());
}

function isRule(cells: readonly string[] | undefined): boolean {
  return cells !== undefined && cells.every((cell) => /^:?-+:?$/.test(cell));
}
