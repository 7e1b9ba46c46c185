import type { TopLevelSpec } from 'vega-lite';
import { curveOf } from '../comparison.js';
import { lawsOf } from '../growth-laws.js';
import type { Point } from '../law.js';
import type { Result } from '../result-file.adapter.js';
import type { Spread } from '../statistics.js';
import type { Axis } from '../workload.js';
import { chart, GREEN, GREY, INK, logTicks, NUMBERS } from './chart.js';
import { GROWTH_TITLES } from './panels.js';

/** Space above and below what is measured, as a factor. */
const AROUND = 1.8;

const LAW_POINTS = 40;
const WIDTH = 235;
const HEIGHT = 190;

/** What was measured at each size, on logarithmic scales, and dashed the law that it follows. */
export function growthChart({ workload, title, runs }: Result, axis: Axis): TopLevelSpec {
  const laws = lawsOf(runs, axis);
  const pictures = GROWTH_TITLES.flatMap(([figure, name]) => {
    const points = curveOf(runs, axis, figure);
    if (points.length === 0) return [];
    const law = laws.find((each) => each.figure === figure);
    const sizes = points.map(({ size }) => size);
    const line = law === undefined ? [] : lineOf(law.at, sizes[0] ?? 1, sizes.at(-1) ?? 1);
    return [picture({ name, words: law?.words ?? '', unit: axis.unit, points, line, sizes })];
  });
  return chart(`${workload}: ${title}`, `${workload}, over ${axis.unit}`, pictures);
}

function lineOf(at: (size: number) => number, from: number, to: number): Point[] {
  return Array.from({ length: LAW_POINTS }, (_, index) => {
    const size = from * (to / from) ** (index / (LAW_POINTS - 1));
    return { size, median: at(size) };
  });
}

interface Picture {
  readonly name: string;
  readonly words: string;
  readonly unit: string;
  readonly points: readonly (Spread & { readonly size: number })[];
  readonly line: readonly Point[];
  readonly sizes: readonly number[];
}

function picture({ name, words, unit, points, line, sizes }: Picture): object {
  const labels = Object.fromEntries(sizes.map((size) => [size, sizeLabel(size, unit)]));
  const x = {
    field: 'size',
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    axis: {
      title: unit,
      values: sizes,
      labelExpr: `(${JSON.stringify(labels)})[datum.value]`,
      labelFlush: false,
      grid: false,
    },
  };
  const shown = [...points, ...line.map(({ median }) => ({ min: median, max: median }))];
  const domain = [Math.min(...shown.map(({ min }) => min)) / AROUND, Math.max(...shown.map(({ max }) => max)) * AROUND];
  const y = {
    type: 'quantitative',
    scale: { type: 'log', domain, nice: false },
    axis: { title: null, labelExpr: NUMBERS, values: logTicks(domain[0] ?? 1, domain[1] ?? 1) },
  };
  const median = { ...y, field: 'median' };
  return {
    title: { text: name, subtitle: words, anchor: 'start', frame: 'group' },
    width: WIDTH,
    height: HEIGHT,
    encoding: { x },
    layer: [
      {
        data: { values: line },
        mark: { type: 'line', color: GREY, strokeDash: [4, 3], strokeWidth: 1.5 },
        encoding: { y: median },
      },
      {
        data: { values: points },
        mark: { type: 'errorbar', ticks: { size: 7 }, color: INK, thickness: 1 },
        encoding: { y: { ...y, field: 'min' }, y2: { field: 'max' } },
      },
      {
        data: { values: points },
        mark: { type: 'line', color: GREEN, strokeWidth: 2, point: { color: GREEN, filled: true, size: 45 } },
        encoding: { y: median },
      },
    ],
  };
}

/** Short enough that all sizes have one. */
function sizeLabel(size: number, unit: string): string {
  if (unit === 'bytes' && size % 1_024 === 0) return `${size / 1_024}Ki`;
  return size >= 1e5 ? `${size / 1e3}k` : size.toLocaleString('en');
}
