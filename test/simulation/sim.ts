/**
 * Runs the simulator: `npm run sim -- --seeds 1000 --from 5000`, one seed with `--seed 17`, one of the regressions with `--regression NAME`,
 * with few kinds of faults `--faults break,crash`.
 * Seeds are spread over processes of their own; what fails is printed with the command that shows it again.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.js';
import { regressions } from './regressions.js';
import { runScenario, type Outcome } from './run-scenario.js';
import { scenarioOf } from './scenario.js';

/** What a worker says of one seed. */
export type Report = Outcome & { readonly seed: number; readonly cpuMs: number };

/** A seed that takes longer will never end, however busy the machine. */
const SEED_LIMIT_MS = 3_600_000;
const PROGRESS_MS = 60_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    json: { type: 'string' },
    regression: { type: 'string' },
    faults: { type: 'string', default: FAULTS.join() },
  },
});
const seconds = Number(values.seconds);
const faults = FAULTS.filter((fault) => values.faults.split(',').includes(fault));

if (values.regression !== undefined || values.seed !== undefined) showOne();
else await runMany(Number(values.from), Number(values.seeds));

function showOne(): void {
  const named = regressions.find(({ name }) => name === values.regression);
  if (values.regression !== undefined && named === undefined) throw new Error(`no regression ${values.regression}`);
  const outcome = runScenario(named?.scenario ?? scenarioOf(Number(values.seed), seconds, faults));
  print(outcome.trace);
  for (const problem of outcome.problems) print(`  ${problem}`);
  process.exitCode = outcome.problems.length === 0 ? 0 : 1;
}

async function runMany(from: number, seeds: number): Promise<void> {
  const startedMs = performance.now();
  const failed: Report[] = [];
  const sums: Record<string, number> = {};
  const isSwarm = faults.length === FAULTS.length;
  const others = (seconds === 60 ? '' : ` --seconds ${seconds}`) + (isSwarm ? '' : ` --faults ${faults.join()}`);
  let next = from;
  let done = 0;
  let cpuMs = 0;
  const saw = (report: Report): void => {
    done++;
    cpuMs += report.cpuMs;
    for (const [name, count] of Object.entries(report.counts)) sums[name] = (sums[name] ?? 0) + count;
    if (report.problems.length === 0) return;
    failed.push(report);
    print(report.trace);
    for (const problem of report.problems) print(`  ${problem}`);
    print(`  replay: npm run sim -- --seed ${report.seed}${others}`);
  };
  const result = () => ({
    from,
    seeds: done,
    seconds,
    virtualHours: round((done * seconds) / 3_600),
    failed: failed.map(({ seed, problems, trace }) => ({ seed, problems, trace })),
    elapsedSeconds: round((performance.now() - startedMs) / 1_000),
    cpuSeconds: round(cpuMs / 1_000),
    cpuMsPerSeed: round(cpuMs / Math.max(1, done)),
    ...sums,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
  });
  const save = (): void => {
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result(), undefined, 2)}\n`);
  };
  const progress = setInterval(() => {
    save();
    print(`${done} of ${seeds} seeds, ${failed.length} failed`);
  }, PROGRESS_MS);
  const take = (): number | undefined => (next < from + seeds ? next++ : undefined);
  await Promise.all(Array.from({ length: Math.min(Number(values.workers), seeds) }, () => work(take, saw)));
  clearInterval(progress);
  save();
  const { virtualHours, elapsedSeconds, cpuMsPerSeed } = result();
  print(
    `${done} seeds, ${virtualHours} virtual hours, ${failed.length} failed; ${elapsedSeconds} s, ${cpuMsPerSeed} ms of CPU a seed`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** Keeps one worker busy until there are no more seeds. */
async function work(take: () => number | undefined, saw: (report: Report) => void): Promise<void> {
  let worker = start();
  for (let seed = take(); seed !== undefined; seed = take()) {
    const report = await ask(worker, seed);
    saw(report ?? { seed, cpuMs: 0, counts: {}, problems: ['the run did not end'], trace: `seed ${seed}` });
    if (report === undefined) worker = start();
  }
  worker.disconnect();
}

function start(): ChildProcess {
  return fork(fileURLToPath(new URL('sim-worker.ts', import.meta.url)), [String(seconds), ...faults]);
}

/** What became of the seed; undefined when the worker died of it, or was stopped. */
function ask(worker: ChildProcess, seed: number): Promise<Report | undefined> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => worker.kill('SIGKILL'), SEED_LIMIT_MS);
    const settle = (report?: Report): void => {
      clearTimeout(limit);
      worker.removeAllListeners();
      resolve(report);
    };
    worker.once('message', (report) => settle(report as Report));
    worker.once('exit', () => settle());
    worker.send(seed);
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
