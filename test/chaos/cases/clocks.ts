import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeProcess } from '../../e2e/node-process.js';
import { exactly, type ChaosCase } from '../case.js';
import type { World } from '../world.js';

const HOUR_MS = 3_600_000;
const STEP_BACK_MS = -600_000;
const TTL_MS = 3_000;
const LOOK_EVERY_MS = 100;

/** F8: clocks that are wrong by an hour in both directions, and one that is set back while the node runs. */
export const clocks: ChaosCase = {
  id: 'F8',
  title: 'clocks ± 1 h, one stepped back 10 min',
  world: {
    environmentOf: (name) => ({ CHAOS_SKEW_MS: String(name === 'C' ? -HOUR_MS : name === 'D' ? HOUR_MS : 0) }),
  },
  async run(world) {
    await Promise.all(world.nodes.map((node) => node.post('/subscribe', { topic: 'brief' })));
    await world.wait(10, 2);
    world.order('B', { skewMs: STEP_BACK_MS });
    await world.wait(20, 3);
    const errors: number[] = [];
    // From and to nodes ahead, behind and set back.
    for (const publisher of world.nodes) errors.push(...(await ttlErrors(world, publisher)));
    const accepted = world.ledger.accepted.length;
    await restartBehind(world);
    return {
      'error of a ttl, at most': world.inTime(Math.max(...errors) / 1_000, 1),
      'publications refused': exactly(world.ledger.refusedByNodes, 0),
      'goes on after a restart in the past': exactly(world.ledger.accepted.length > accepted ? 'yes' : 'no', 'yes'),
    };
  },
};

/** By how much a message with a ttl is gone too early or too late at each node. */
async function ttlErrors(world: World, publisher: NodeProcess): Promise<number[]> {
  const sentMs = performance.now();
  const { status, body } = await publisher.post<{ id: string }>('/publish', {
    topic: 'brief',
    message: {},
    ttlMs: TTL_MS,
  });
  if (status !== 202) throw new Error(`${publisher.name} answered ${status}: ${JSON.stringify(body)}`);
  return Promise.all(
    world.nodes.map(async (node) => {
      let [seenMs, lastMs] = [Infinity, 0];
      for (;;) {
        const items = await node.messages('brief');
        const nowMs = performance.now() - sentMs;
        const isThere = items.some(({ id }) => id === body.id);
        if (isThere) [seenMs, lastMs] = [Math.min(seenMs, nowMs), nowMs];
        if (nowMs > 2 * TTL_MS || (!isThere && seenMs < Infinity)) return Math.abs(lastMs - TTL_MS);
        await sleep(LOOK_EVERY_MS);
      }
    }),
  );
}

/** A node that comes back with its clock still behind must not begin where it was before. */
async function restartBehind(world: World): Promise<void> {
  await world.crash('B');
  await world.restart('B', { CHAOS_SKEW_MS: String(STEP_BACK_MS) });
  await world.wait(5, 2);
}
