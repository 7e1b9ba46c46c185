import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Outcome } from './store-damage.js';

const PROJECT = resolve(import.meta.dirname, '../..');
const SEEDS = 60;
const LIMIT_MS = 600_000;

/** What came of each seed, in a process of its own: LMDB would take this one with it. */
async function damageInProcess(first: number, count: number): Promise<Map<number, Outcome | undefined>> {
  const folder = await mkdtemp(join(tmpdir(), 'grapevine-damage-'));
  const worker = join(import.meta.dirname, 'store-damage.worker.ts');
  const loader = join(PROJECT, 'test/simulation/typescript.mjs');
  const child = spawn(process.execPath, ['--import', loader, worker, folder, `${first}`, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const exited = once(child, 'exit');
  const outcomes = new Map<number, Outcome | undefined>();
  for await (const line of createInterface(child.stdout)) {
    const [seed, outcome] = line.split(/ (.*)/, 2) as [string, string | undefined];
    outcomes.set(Number(seed), outcome === undefined || outcome === '' ? undefined : (JSON.parse(outcome) as Outcome));
  }
  await exited;
  await rm(folder, { recursive: true, force: true });
  return outcomes;
}

describe('a damaged store', () => {
  it(
    'opens, serves nothing that was not written, and says that something is missing',
    { timeout: LIMIT_MS },
    async () => {
      const outcomes = await damageInProcess(1, SEEDS);
      const unexpected = [...outcomes].filter(
        ([, outcome]) => !['harmless', 'records set aside', 'store set aside'].includes(outcome ?? 'the process ended'),
      );
      expect(unexpected).toEqual([]);
      expect(outcomes.size).toBe(SEEDS);
      expect(new Set(outcomes.values()).size).toBe(3);
    },
  );
});
