import { readCommandLine, type Request } from './command-line.js';
import { isOwn } from './comparison.js';
import { w4 } from './clients/clients.workload.js';
import { GROWTH } from './growth/growth.workload.js';
import { idle } from './http/idle.workload.js';
import { w5 } from './http/rest.workload.js';
import { lookAtMachine } from './machine.adapter.js';
import { cost, w1, w2, w3 } from './mesh/mesh.workload.js';
import { readRecorded, writeResults, type Result } from './result-file.adapter.js';
import { runAll } from './runner.adapter.js';
import { changesTable, figuresTable, ratiosTable, slopesTable } from './table.js';
import type { Workload } from './workload.js';

const WORKLOADS: readonly Workload[] = [w1, w2, w3, w4, w5, idle, cost, ...GROWTH];
const WARM_SECONDS = 3;
const BUSY_SHARE_MAX = 0.1;

const USAGE = `usage: npm run bench -- ${WORKLOADS.map(({ name }) => name).join('|')} … [--peers a,b] [--repetitions N] [--seconds N] [--json FILE] [--compare FILE]`;

async function main(request: Request): Promise<void> {
  const machine = await lookAtMachine();
  print(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryMiB} MiB, Linux ${machine.kernel}, Node ${machine.node}`,
  );
  if (machine.busyBefore > BUSY_SHARE_MAX) {
    const percent = Math.round(machine.busyBefore * 100);
    print(`warning: ${percent} % of the CPU is busy before the first run (load ${machine.loadBefore.toFixed(2)})`);
  }
  const recorded = request.recordedFile === undefined ? [] : readRecorded(request.recordedFile);
  const results: Result[] = [];
  for (const workload of chosen(request)) {
    print(`\n${workload.name}: ${workload.title}`);
    const result = await runAll({
      workload,
      systems: systemsOf(workload, request),
      repetitions: request.repetitions,
      seconds: request.seconds ?? workload.seconds,
      warmSeconds: Math.min(WARM_SECONDS, request.seconds ?? WARM_SECONDS),
      log: (line) => process.stderr.write(`${line}\n`),
    });
    results.push(result);
    const { axis } = workload;
    const second = axis === undefined ? ratiosTable(result.runs) : slopesTable(result.runs, axis);
    const before = recorded.find((one) => one.workload === workload.name)?.ratios ?? {};
    for (const table of [figuresTable(result.runs), second, changesTable(result.runs, before)])
      if (table !== '') print(`\n${table}`);
  }
  if (request.jsonFile !== undefined) writeResults(request.jsonFile, machine, results);
}

/** The workloads that were asked for; throws when one is not known, or a peer is in none. */
function chosen({ workloads, peers = [] }: Request): Workload[] {
  if (workloads.length === 0) throw new Error('say which workload');
  const stranger = peers.find((peer) => !WORKLOADS.some(({ systems }) => systems.includes(peer)));
  if (stranger !== undefined) throw new Error(`there is no peer ${stranger}`);
  return workloads.map((asked) => {
    const workload = WORKLOADS.find(({ name }) => name === asked);
    if (workload === undefined) throw new Error(`there is no workload ${asked}`);
    return workload;
  });
}

/** Ours and the peers that were asked for; all peers where none of those takes part. */
function systemsOf({ systems }: Workload, { peers = [] }: Request): string[] {
  const isAsked = (name: string): boolean => peers.some((peer) => name === peer || name === `${peer}-128`);
  return systems.filter((name) => isOwn(name) || isAsked(name) || !systems.some(isAsked));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(readCommandLine(process.argv.slice(2)));
  process.exit();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
  process.exit(1);
}
