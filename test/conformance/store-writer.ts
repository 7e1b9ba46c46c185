import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Runs a process of its own that appends to a store, kills it with -9 once it has said of enough bundles that they are
 * committed, and tells how many those were.
 */
export async function startWriter(options: {
  folder: string;
  durability?: 'async' | 'fsync';
  committedAtLeast: number;
}): Promise<number> {
  const loader = join(import.meta.dirname, '../simulation/typescript.mjs');
  const writer = join(import.meta.dirname, 'store-writer.worker.ts');
  const child = spawn(process.execPath, ['--import', loader, writer, options.folder, options.durability ?? 'async'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let committed = 0;
  for await (const line of createInterface(child.stdout)) {
    committed = Number(line);
    if (committed >= options.committedAtLeast) child.kill('SIGKILL');
  }
  await exited;
  return committed;
}
