import type { TopLevelSpec } from 'vega-lite';
import { chart, INK } from '../report/chart.js';
import { ORIGINS, selfTimes, sumOf, type Frame } from './frames.js';

/** With the padding, 1,200. */
const WIDTH = 1_171;
const ROW = 17;
const FONT_SIZE = 11;
const CHARACTER_WIDTH = 6.4;
const LABEL_CHARACTERS_MIN = 4;

/** Narrower frames, as a share of all, cannot be seen. */
const SHARE_MIN = 0.003;

/** How much of a frame a single call must be for both to be drawn as one. */
const CHAIN_SHARE_MIN = 0.9;

const COLOURS = ['#a6d8b0', '#d9c8f0', '#b8d4f0', '#e4e7eb', '#f6d7a8', '#f2b8ae'];

interface Box {
  readonly from: number;
  readonly to: number;
  readonly row: number;
  readonly origin: string;
  readonly label: string;
}

/** What called what, from the top down: as wide as it took time, the widest first. */
export function flameChart(title: string, frames: readonly Frame[]): TopLevelSpec {
  const allMs = sumOf(frames);
  const shares = new Map(selfTimes(frames, ({ origin }) => origin));
  const legend = Object.fromEntries(
    ORIGINS.map((origin) => [origin, `${origin} ${Math.round(((shares.get(origin) ?? 0) * 100) / allMs)} %`]),
  );
  const boxes = boxesOf(frames, allMs).map((box) => ({ ...box, origin: legend[box.origin] }));
  const x = { type: 'quantitative', scale: { domain: [0, allMs], nice: false, zero: true }, axis: null };
  const colour = {
    field: 'origin',
    type: 'nominal',
    scale: { domain: Object.values(legend), range: COLOURS },
    legend: { orient: 'top', title: null, symbolType: 'square', labelFontSize: FONT_SIZE, offset: 4 },
  };
  const picture = {
    data: { values: boxes },
    width: WIDTH,
    height: { step: ROW },
    encoding: { y: { field: 'row', type: 'ordinal', scale: { padding: 0 }, axis: null } },
    layer: [
      {
        mark: { type: 'rect', stroke: 'white', strokeWidth: 1, aria: false },
        encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' }, color: colour },
      },
      {
        transform: [{ filter: "datum.label !== ''" }],
        mark: { type: 'text', align: 'left', dx: 3, fontSize: FONT_SIZE, color: INK, aria: false },
        encoding: { x: { ...x, field: 'from' }, text: { field: 'label' } },
      },
    ],
  };
  return chart(title, title, [picture]);
}

function boxesOf(frames: readonly Frame[], allMs: number, from = 0, row = 0): Box[] {
  let at = from;
  return wideOf(frames, allMs).flatMap((frame) => {
    const start = at;
    at += frame.ms;
    const last = endOfChain(frame, allMs);
    const name = last === frame ? frame.name : [frame.name, last.name].filter(Boolean).join(' … ');
    const label = labelOf(name, last.fileAndLine, (frame.ms / allMs) * WIDTH);
    const box = { from: start, to: at, row, origin: frame.origin, label };
    return [box, ...boxesOf(last.children, allMs, start, row + 1)];
  });
}

function wideOf(frames: readonly Frame[], allMs: number): Frame[] {
  return frames.filter(({ ms }) => ms >= allMs * SHARE_MIN).sort((a, b) => b.ms - a.ms);
}

/** Where code of others, which is the way to something rather than the thing, calls one other after the other. */
function endOfChain(frame: Frame, allMs: number): Frame {
  const [only, ...more] = wideOf(frame.children, allMs);
  const isWay = only !== undefined && more.length === 0 && only.ms >= frame.ms * CHAIN_SHARE_MIN;
  return isWay && isOthers(frame) && only.origin === frame.origin ? endOfChain(only, allMs) : frame;
}

function isOthers({ origin }: Frame): boolean {
  return origin === 'libraries' || origin === 'Node';
}

/** As much as fits: with the folders, or with the file alone, or of that what there is room for. */
function labelOf(name: string, fileAndLine: string, width: number): string {
  const room = Math.floor((width - 6) / CHARACTER_WIDTH);
  const [long, short] = [fileAndLine, fileAndLine.replace(/^.*\//, '')].map((place) => `${name} ${place}`.trim());
  const label = (long?.length ?? 0) <= room ? long : short;
  if (label === undefined || room < LABEL_CHARACTERS_MIN) return '';
  return label.length <= room ? label : `${label.slice(0, room - 1)}…`;
}
