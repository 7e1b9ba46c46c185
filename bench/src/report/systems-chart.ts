import type { TopLevelSpec } from 'vega-lite';
import { isOwn, spreadsOf, type Spreads } from '../comparison.js';
import type { Result } from '../result-file.adapter.js';
import type { Figure } from '../workload.js';
import { chart, GREEN, GREY, INK, logTicks, NUMBERS } from './chart.js';
import { panelsOf, type Panel } from './panels.js';

const ROW = 24;
const NAMES_WIDTH = 165;
const PANEL_WIDTH = 250;

/** Space for the number behind the longest bar, as a share of it. */
const BEHIND = 1.3;

/** Space for the numbers beside points, as a share of a logarithmic axis. */
const BESIDE = 0.25;

interface Datum {
  readonly system: string;
  readonly figure: Figure;
  readonly isOurs: boolean;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly label: string;
}

/** Systems one below the other, best first, in a picture for each thing that counts. */
export function systemsChart({ workload, title, runs }: Result): TopLevelSpec {
  const spreads = [...spreadsOf(runs)];
  const panels = panelsOf(workload);
  const [first] = panels[0]?.figures ?? [];
  const order = first === undefined ? [] : orderOf(spreads, first);
  const pictures = panels.map((panel, index) => {
    const data = panel.figures.flatMap((figure) => spreads.flatMap((each) => datumOf(each, figure) ?? []));
    const axis =
      index === 0
        ? { minExtent: NAMES_WIDTH, maxExtent: NAMES_WIDTH, labelLimit: NAMES_WIDTH, ticks: false, domain: false }
        : null;
    return picture(panel, data, { field: 'system', type: 'nominal', sort: order, title: null, axis });
  });
  return chart(`${workload}: ${title}`, `${workload}, ${panels.map((panel) => panel.title).join('; ')}`, pictures);
}

/** High rates are better, and low figures of any other kind. */
function orderOf(spreads: readonly (readonly [string, Spreads])[], figure: Figure): string[] {
  const sign = figure === 'deliveredPerSecond' ? -1 : 1;
  const key = ([, its]: readonly [string, Spreads]): number => sign * (its[figure]?.median ?? 0);
  return spreads.toSorted((a, b) => key(a) - key(b)).map(([system]) => system);
}

function datumOf([system, its]: readonly [string, Spreads], figure: Figure): Datum | undefined {
  const spread = its[figure];
  if (spread === undefined) return undefined;
  return { system, figure, isOurs: isOwn(system), ...spread, label: shortly(spread.median) };
}

function picture({ title, as, figures }: Panel, data: readonly Datum[], y: object): object {
  const isBars = as === 'bars';
  const least = Math.min(...data.map(({ min }) => min));
  const most = Math.max(...data.map(({ max }) => max));
  const beside = Math.max(2, most / least) ** BESIDE;
  const domain = isBars ? [0, most * BEHIND] : [least / (figures.length > 1 ? beside : 1.3), most * beside];
  const x = {
    type: 'quantitative',
    scale: { type: isBars ? 'linear' : 'log', domain, nice: false },
    axis: {
      title: null,
      labelExpr: NUMBERS,
      ...(isBars ? { tickCount: 4 } : { values: logTicks(domain[0] ?? 1, domain[1] ?? 1) }),
    },
  };
  const colour = { condition: { test: 'datum.isOurs', value: GREEN }, value: GREY };
  const shape = { field: 'figure', legend: null, scale: { domain: figures, range: ['circle', 'diamond'] } };
  const marks = {
    mark: isBars ? { type: 'bar', height: 13 } : { type: 'point', filled: true, size: 70, opacity: 1 },
    encoding: { x: { ...x, field: 'median' }, color: colour, ...(!isBars && { shape }) },
  };
  const whiskers = {
    mark: { type: 'errorbar', ticks: { size: 7 }, color: INK, thickness: 1 },
    encoding: { x: { ...x, field: 'min' }, x2: { field: 'max' } },
  };
  // Of two points in a row, the first has its number before it.
  const numbers = figures.map((figure, index) => {
    const isBefore = index < figures.length - 1;
    return {
      transform: [{ filter: `datum.figure === '${figure}'` }],
      mark: { type: 'text', align: isBefore ? 'right' : 'left', dx: isBefore ? -7 : 7, fontSize: 11, color: INK },
      encoding: { x: { ...x, field: isBefore ? 'min' : 'max' }, text: { field: 'label' } },
    };
  });
  return {
    title: { text: title, anchor: 'start', frame: 'group' },
    data: { values: data },
    width: PANEL_WIDTH,
    height: { step: ROW },
    encoding: { y },
    // What covers the other: a bar is long, a point would be hidden.
    layer: [...(isBars ? [marks, whiskers] : [whiskers, marks]), ...numbers],
  };
}

/** Three digits, with thousands and millions as letters. */
function shortly(value: number): string {
  const [divisor, letter] = value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / divisor).toPrecision(3))}${letter}`;
}
