import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { atLeast, exactly, type ChaosCase } from '../case.js';
import type { World } from '../world.js';

const OUTCOMES = ['harmless', 'records set aside', 'store set aside'];

/** F10: bits of a node's store flip while it is down; it starts all the same, and has everything again. */
export const bitRot: ChaosCase = {
  id: 'F10',
  title: 'flipped bits and truncations of a store at restart',
  isLong: true,
  async run(world) {
    await world.wait(10, 4);
    let found = 0;
    const rounds = world.seconds(5, 2);
    for (let round = 0; round < rounds; round++) {
      await world.crash('D');
      await damage(world, join(world.node('D').environment['DATA_DIR'] ?? '', 'store', 'data.mdb'));
      const node = await world.restart('D');
      const noted = await node.metric('grapevine_store_records_damaged_total');
      found += noted + (await node.metric('grapevine_stores_set_aside_total')) > 0 ? 1 : 0;
      await world.wait(5, 3);
    }
    const agreed = await world.agree();
    const seeds = world.seconds(1_000, 60);
    const outcomes = await damagedStores(1 + Math.floor(world.circumstances.random() * 1e6), seeds);
    const bad = [...outcomes].filter(([, outcome]) => !OUTCOMES.includes(outcome)).map(([seed]) => seed);
    return {
      'restarts that found damage': atLeast(found, 1),
      'agreed afterwards': agreed,
      'stores damaged': exactly(outcomes.size, seeds),
      'seeds that did not come out well': exactly(bad.length === 0 ? 'none' : bad.join(), 'none'),
    };
  },
};

/** Some flips all over the file, or its end cut off. */
async function damage(world: World, path: string): Promise<void> {
  const { random } = world.circumstances;
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  try {
    if (random() < 0.2) return await file.truncate(Math.floor(random() * size));
    for (let flips = 0; flips < 10; flips++) {
      const at = Math.floor(random() * size);
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      buffer[0]! ^= 1 << Math.floor(random() * 8);
      await file.write(buffer, 0, 1, at);
    }
  } finally {
    await file.close();
  }
}

/** The same for many small stores, without nodes; what came of each seed. */
async function damagedStores(first: number, count: number): Promise<Map<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'grapevine-damage-'));
  const worker = join(import.meta.dirname, '../../conformance/store-damage.worker.ts');
  const loader = join(import.meta.dirname, '../../simulation/typescript.mjs');
  const child = spawn(process.execPath, ['--import', loader, worker, folder, `${first}`, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const outcomes = new Map<number, string>();
  for await (const line of createInterface(child.stdout)) {
    const [seed, outcome] = line.split(/ (.*)/, 2) as [string, string | undefined];
    outcomes.set(Number(seed), outcome === undefined || outcome === '' ? '' : (JSON.parse(outcome) as string));
  }
  await exited;
  await rm(folder, { recursive: true, force: true });
  return outcomes;
}
