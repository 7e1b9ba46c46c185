import type { Run } from './comparison.js';
import type { Result } from './result-file.adapter.js';
import type { RunOptions, Workload } from './workload.js';

/** Others' share of the cores from which figures are doubtful. */
const FOREIGN_SHARE_MAX = 0.1;

export interface Plan extends RunOptions {
  readonly workload: Workload;
  readonly systems: readonly string[];
  readonly repetitions: number;
  readonly log: (line: string) => void;
}

/** Runs the systems in turn, again and again; one that fails is told and left out from then on. */
export async function runAll({ workload, systems, repetitions, log, ...options }: Plan): Promise<Result> {
  const runs: Run[] = [];
  const warnings: string[] = [];
  const warn = (line: string): void => {
    warnings.push(line);
    log(`warning: ${line}`);
  };
  const failed = new Set<string>();
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const system of systems.filter((name) => !failed.has(name))) {
      try {
        const result = await workload.run(system, options);
        runs.push({ system, repetition, ...result });
        log(`${workload.name} ${repetition}/${repetitions} ${system} ${JSON.stringify(result.figures)}`);
        if (result.foreignShare <= FOREIGN_SHARE_MAX) continue;
        const percent = Math.round(result.foreignShare * 100);
        warn(`other work took ${percent} % of the CPU during ${system}, repetition ${repetition}`);
      } catch (error) {
        failed.add(system);
        warn(`${system} is left out of ${workload.name}: ${(error as Error).message}`);
      }
    }
  }
  return { workload: workload.name, axis: workload.axis, runs, warnings };
}
