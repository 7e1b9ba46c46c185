import { rmSync } from 'node:fs';

const pids = new Set<number>();
const folders = new Set<string>();

/** Ends with this program, however that ends. */
export function endWithUs(pid: number): void {
  pids.add(pid);
}

/** Is removed with this program, however that ends. */
export function removeWithUs(folder: string): void {
  folders.add(folder);
}

/** Ends processes that this program started. */
export function endProcesses(ending: Iterable<number>): void {
  for (const pid of ending) {
    if (!pids.delete(pid)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

/** Removes folders that this program made. */
export function removeFolders(removing: Iterable<string>): void {
  for (const folder of removing) {
    folders.delete(folder);
    // A process that is being ended may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

process.on('exit', () => {
  endProcesses([...pids]);
  removeFolders([...folders]);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
