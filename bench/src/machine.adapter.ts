import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { pause } from './clock.adapter.js';
import { machineCpuMs } from './process-usage.adapter.js';

const LOOK_MS = 1_000;

/** Where figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly loadBefore: number;
  /** Share of all cores that was busy before anything was started. */
  readonly busyBefore: number;
}

/** Describes the machine and how busy others keep it; takes a second. */
export async function lookAtMachine(): Promise<Machine> {
  const before = machineCpuMs();
  const startMs = performance.now();
  await pause(LOOK_MS);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
    busyBefore: shareOfCores(machineCpuMs() - before, performance.now() - startMs),
  };
}

/** In a line. */
export function describe({ cpu, cores, memoryMiB, kernel, node }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryMiB} MiB, Linux ${kernel}, Node ${node}`;
}

/** CPU time as a share of what all cores had in `elapsedMs`. */
export function shareOfCores(cpuMs: number, elapsedMs: number): number {
  return Math.max(0, cpuMs / (elapsedMs * availableParallelism()));
}
