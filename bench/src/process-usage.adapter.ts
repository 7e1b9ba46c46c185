import { readFileSync } from 'node:fs';

/** Ticks of the kernel's process accounting: USER_HZ, 100 on every Linux that Node runs on. */
const TICK_MS = 10;
const USER_TIME_AT = 11;
const SYSTEM_TIME_AT = 12;

/** CPU time of processes since their start, and their memory now. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMiB: number;
}

/** Sums what the living of these processes have used. */
export function usageOf(pids: Iterable<number>): Usage {
  let cpuMs = 0;
  let rssMiB = 0;
  for (const pid of pids) {
    const stat = procFile(`${pid}/stat`);
    // The name before the last bracket may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    cpuMs += (Number(fields[USER_TIME_AT] ?? 0) + Number(fields[SYSTEM_TIME_AT] ?? 0)) * TICK_MS;
    rssMiB += Number(/VmRSS:\s+(\d+)/.exec(procFile(`${pid}/status`))?.[1] ?? 0) / 1_024;
  }
  return { cpuMs, rssMiB };
}

/** CPU time that all processes of the machine have used since it started. */
export function machineCpuMs(): number {
  const [, user, nice, system, , , irq, softirq, steal] = (procFile('stat').split('\n')[0] ?? '')
    .split(/\s+/)
    .map(Number);
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * TICK_MS;
}

/** Empty when the process is gone. */
function procFile(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
