import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Result } from '../result-file.adapter.js';
import { growthChart } from './growth-chart.js';
import { pageOf } from './page.js';
import { svgOf } from './svg.adapter.js';
import { systemsChart } from './systems-chart.js';

const FOLDER = fileURLToPath(new URL('../../../docs/benchmarks/', import.meta.url));

/** Writes a page of tables and a picture for each workload. */
export async function writeReport(results: readonly Result[]): Promise<void> {
  const names = results.map(({ workload }) => workload);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`there are two results of ${twice}`);
  mkdirSync(FOLDER, { recursive: true });
  for (const result of results) {
    const spec = result.axis === undefined ? systemsChart(result) : growthChart(result, result.axis);
    writeFileSync(join(FOLDER, `${result.workload}.svg`), await svgOf(spec));
  }
  writeFileSync(join(FOLDER, 'results.md'), pageOf(results));
}
