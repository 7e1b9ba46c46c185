import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { fuzz, type FuzzReport } from './fuzz.js';
import { TARGETS } from './targets.js';

/** `npm run fuzz -- --frames 5000000 [--seed 2] [--only decodeBundle,decodeHello] [--frame 17] [--json FILE]` */
const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    frame: { type: 'string' },
    json: { type: 'string' },
  },
});

const chosen = values.only?.split(',');
const targets = TARGETS.filter(({ decoder }) => chosen?.includes(decoder) ?? true);
const unknown = (chosen ?? []).filter((name) => !TARGETS.some(({ decoder }) => decoder === name));
if (unknown.length > 0)
  throw new Error(`${unknown.join(', ')} is not among ${TARGETS.map((each) => each.decoder).join(', ')}`);
const seed = Number(values.seed);
const place = values.frame === undefined ? { count: Number(values.frames) } : { count: 1, first: Number(values.frame) };

const reports: FuzzReport[] = [];
for (const target of targets) {
  const report = await fuzz(target, { seed, ...place });
  reports.push(report);
  tell(report);
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ seed, reports }, undefined, 2));
}
const failed = reports.filter(({ failure }) => failure !== undefined);
process.stdout.write(`${reports.length - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function tell({ decoder, frames, accepted, framesPerSecond, slowestMs, failure }: FuzzReport): void {
  const mark = failure === undefined ? 'ok  ' : 'FAIL';
  const figures = `${frames} frames, ${accepted} accepted, ${framesPerSecond}/s, slowest ${slowestMs.toFixed(2)} ms`;
  process.stdout.write(`${mark} ${decoder.padEnd(30)} ${figures}\n`);
  if (failure === undefined) return;
  process.stdout.write(`     frame ${failure.frame}: ${failure.reason}\n     ${failure.hex}\n`);
  process.stdout.write(`     npm run fuzz -- --only ${decoder} --seed ${seed} --frame ${failure.frame}\n`);
}
