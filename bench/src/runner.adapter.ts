import { join } from 'node:path';
import { isOwn, type Run } from './comparison.js';
import { givenPath } from './given-path.adapter.js';
import type { Machine } from './machine.adapter.js';
import type { Plan } from './plan.js';
import type { Result } from './result-file.adapter.js';

/** Others' share of the cores from which figures are doubtful. */
const FOREIGN_SHARE_MAX = 0.1;

export interface Surroundings {
  readonly machine: Machine;
  /** What was measured of the same plan before; its runs are not done again. */
  readonly before: Result | undefined;
  readonly log: (line: string) => void;
  /** Is given what there is so far after each run. */
  readonly keep: (result: Result) => void;
}

/** Runs the systems in turn, again and again; one that fails is told and left out from then on. */
export async function runAll(plan: Plan, { machine, before, log, keep }: Surroundings): Promise<Result> {
  const { workload, systems, repetitions, profileFolder, command } = plan;
  const runs: Run[] = [...(before?.runs ?? [])];
  const warnings: string[] = [...(before?.warnings ?? [])];
  const warn = (line: string): void => {
    warnings.push(line);
    log(`warning: ${line}`);
  };
  const result: Result = {
    workload: workload.name,
    title: workload.title,
    command,
    date: before?.date ?? new Date().toISOString(),
    machine: before?.machine ?? machine,
    ...(workload.axis !== undefined && { axis: workload.axis }),
    runs,
    warnings,
  };
  const failed = new Set<string>();
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const system of systems) {
      if (failed.has(system) || runs.some((run) => run.system === system && run.repetition === repetition)) continue;
      try {
        const profile =
          profileFolder !== undefined && isOwn(system) ? join(givenPath(profileFolder), system) : undefined;
        const measured = await workload.run(system, { ...plan, profile });
        if (profile !== undefined) warn(`${system} was profiled, which costs; its figures compare with nothing`);
        if (!Object.values(measured.figures).every(Number.isFinite)) throw new Error('nothing was delivered');
        runs.push({ system, repetition, ...measured });
        log(`${workload.name} ${repetition}/${repetitions} ${system} ${JSON.stringify(measured.figures)}`);
        if (measured.foreignShare > FOREIGN_SHARE_MAX) {
          const percent = Math.round(measured.foreignShare * 100);
          warn(`other work took ${percent} % of the CPU during ${system}, repetition ${repetition}`);
        }
      } catch (error) {
        failed.add(system);
        warn(`${system} is left out of ${workload.name}: ${(error as Error).message}`);
      }
      keep(result);
    }
  }
  return result;
}
