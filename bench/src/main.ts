import { readCommandLine, type Request } from './command-line.js';
import { w4 } from './clients/clients.workload.js';
import { GROWTH } from './growth/growth.workload.js';
import { givenPath } from './given-path.adapter.js';
import { idle } from './http/idle.workload.js';
import { w5 } from './http/rest.workload.js';
import { describe, lookAtMachine } from './machine.adapter.js';
import { cost, w1, w2, w3 } from './mesh/mesh.workload.js';
import { plansOf, smokePlans, type Plan } from './plan.js';
import { existsHere, lineOf, readResults, writeResults, type Result } from './result-file.adapter.js';
import { changesTable, figuresTable, ratiosTable, slopesTable } from './result-tables.js';
import { runAll } from './runner.adapter.js';
import { textOf, type Table } from './table.js';
import type { Workload } from './workload.js';

const WORKLOADS: readonly Workload[] = [w1, w2, w3, w4, w5, idle, cost, ...GROWTH];
const BUSY_SHARE_MAX = 0.1;

const USAGE = `usage: npm run bench -- ${WORKLOADS.map(({ name }) => name).join('|')} …
         [--peers a,b] [--sizes n,m] [--repetitions N] [--seconds N] [--json FILE [--resume]] [--compare FILE] [--profile DIR]
       npm run bench -- smoke [--json FILE] [--compare FILE]
       npm run bench -- plot FILE …
       npm run bench -- flame FILE.cpuprofile …`;

async function main(request: Request): Promise<void> {
  const [first, ...rest] = request.what;
  if (first === undefined) throw new Error(USAGE);
  if (first === 'plot') {
    const { writeReport } = await import('./report/write-report.adapter.js');
    return writeReport(inOrder(rest.flatMap((file) => readResults(file))));
  }
  if (first === 'flame') {
    const { writeFlame } = await import('./profile/write-flame.adapter.js');
    for (const file of rest) print(textOf(await writeFlame(givenPath(file))));
    return;
  }
  const isSmoke = first === 'smoke';
  const plans = isSmoke ? smokePlans(WORKLOADS) : plansOf(WORKLOADS, request);
  const results = await measure(plans, request);
  if (!isSmoke) return;
  print(`\n${lineOf(results)}`);
  if (plans.some(({ systems }, index) => results[index]?.runs.length !== systems.length)) {
    throw new Error('not all of the smoke bench ran');
  }
}

async function measure(plans: readonly Plan[], { jsonFile, resumes, recordedFile }: Request): Promise<Result[]> {
  const machine = await lookAtMachine();
  print(describe(machine));
  if (machine.busyBefore > BUSY_SHARE_MAX) {
    const percent = Math.round(machine.busyBefore * 100);
    print(`warning: ${percent} % of the CPU is busy before the first run (load ${machine.loadBefore.toFixed(2)})`);
  }
  const recorded = recordedFile === undefined ? [] : readResults(recordedFile);
  const kept = keptOf(plans, resumes ? jsonFile : undefined);
  for (const plan of plans) {
    const { name, title } = plan.workload;
    print(`\n${name}: ${title}`);
    const result = await runAll(plan, {
      machine,
      before: kept.get(name),
      log: (line) => process.stderr.write(`${line}\n`),
      keep: (result) => {
        kept.set(name, result);
        if (jsonFile !== undefined) writeResults(jsonFile, [...kept.values()]);
      },
    });
    for (const table of tablesOf(result, recorded)) print(`\n${textOf(table)}`);
  }
  return plans.flatMap(({ workload }) => kept.get(workload.name) ?? []);
}

function tablesOf({ workload, runs, axis }: Result, recorded: readonly Result[]): Table[] {
  const before = recorded.find((one) => one.workload === workload)?.runs ?? [];
  const second = axis === undefined ? ratiosTable(runs) : slopesTable(runs, axis);
  return [figuresTable(runs), second, changesTable(runs, before)].filter((table) => table.length > 0);
}

/** What a file has already of what was planned, and of other workloads; nothing when there is no such file. */
function keptOf(plans: readonly Plan[], file: string | undefined): Map<string, Result> {
  const results = file !== undefined && existsHere(file) ? readResults(file) : [];
  for (const { workload, command } of results) {
    const plan = plans.find((each) => each.workload.name === workload);
    if (plan !== undefined && plan.command !== command) throw new Error(`${file} is of another command: ${command}`);
  }
  return new Map(results.map((result) => [result.workload, result]));
}

/** As the workloads are listed. */
function inOrder(results: readonly Result[]): Result[] {
  return WORKLOADS.flatMap(({ name }) => results.filter(({ workload }) => workload === name));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(readCommandLine(process.argv.slice(2)));
  process.exit();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
