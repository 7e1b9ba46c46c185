import { describe } from '../machine.adapter.js';
import type { Result } from '../result-file.adapter.js';
import { figuresTable, lawsTable, ratiosTable, slopesTable, variantsTable } from '../result-tables.js';
import { markdownOf, type Table } from '../table.js';

/** Of the ratios, those of the form that peers without a disk are to be compared with. */
const MAIN_RATIO = /^grapevine(-batched|-128)? \//;

/** The page of all results. */
export function pageOf(results: readonly Result[]): string {
  const head = `# Results

Written by \`npm run bench -- plot FILE …\` from what the commands below wrote with \`--json FILE\`. What is measured, how, and what the peers do not do: [benchmarks](../benchmarks.md).
Figures are medians (least–greatest). Ratios are those of the medians.`;
  return `${[head, ...results.map(sectionOf)].join('\n\n')}\n`;
}

function sectionOf(result: Result): string {
  const { workload, title, machine, date, command, warnings, runs } = result;
  return [
    `## ${workload}`,
    `${title[0]?.toUpperCase()}${title.slice(1)}.`,
    `\`${command}\` on ${date.slice(0, 10)}: ${describe(machine)}. Busy before the first run: ${Math.round(machine.busyBefore * 100)} % of the cores.`,
    `![${workload}: ${title}](${workload}.svg)`,
    markdownOf(figuresTable(runs)),
    ...secondTables(result),
    ...(warnings.length === 0
      ? []
      : [folded(`${warnings.length} warnings`, warnings.map((line) => `- ${oneLine(line)}`).join('\n'))]),
  ].join('\n\n');
}

function secondTables({ workload, runs, axis }: Result): string[] {
  if (axis !== undefined) return shown([lawsTable(runs, axis), slopesTable(runs, axis)]);
  if (workload === 'cost') return shown([variantsTable(runs)]);
  const [headings = [], ...ratios] = ratiosTable(runs);
  const others = ratios.filter((row) => !isMain(row));
  return [
    ...shown([[headings, ...ratios.filter(isMain)]]),
    ...(others.length === 0 ? [] : [folded('ratios of our other forms', markdownOf([headings, ...others]))]),
  ];
}

function shown(tables: readonly Table[]): string[] {
  return tables.filter((table) => table.length > 1).map(markdownOf);
}

function folded(summary: string, text: string): string {
  return `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;
}

/** What a failed process said last may have many lines. */
function oneLine(text: string): string {
  return text.split('\n', 1).join('').replaceAll(/[<>|]/g, ' ');
}

function isMain([pair = '']: readonly string[]): boolean {
  return MAIN_RATIO.test(pair);
}
