import { readFileSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { basename } from 'node:path';
import { svgOf } from '../report/svg.adapter.js';
import type { Table } from '../table.js';
import { flameChart } from './flame-chart.js';
import { framesOf, nameOf, selfTimes, sumOf } from './frames.js';
import { placeOf } from './place.adapter.js';

const ENDING = '.cpuprofile';
const LISTED = 15;

/** Draws a profile beside it; where most of the time went, function by function. */
export async function writeFlame(path: string): Promise<Table> {
  if (!path.endsWith(ENDING)) throw new Error(`${path} is no ${ENDING}`);
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profiler.Profile;
  const frames = framesOf(profile, placeOf);
  const busyMs = sumOf(frames);
  if (busyMs === 0) throw new Error(`${path} has no time that went anywhere`);
  const inAllMs = (profile.endTime - profile.startTime) / 1_000;
  const samples = profile.samples?.length ?? 0;
  const title = `${basename(path, ENDING)}: busy ${digits(busyMs)} of ${digits(inAllMs)} ms, ${digits(samples)} samples`;
  writeFileSync(path.replace(ENDING, '.svg'), await svgOf(flameChart(title, frames)));
  const most = selfTimes(frames, nameOf).slice(0, LISTED);
  return [[title, 'of it'], ...most.map(([key, ms]) => [key.trim(), `${((ms * 100) / busyMs).toFixed(1)} %`])];
}

function digits(value: number): string {
  return Math.round(value).toLocaleString('en');
}
