import { atLeast, atMost, exactly, percentile, type ChaosCase } from '../case.js';
import type { World } from '../world.js';

const RESOLUTION_MS = 1;
const OTHERS = ['A', 'B', 'C'];

/** F15, second part: one of four nodes no longer reads what comes from the others; they cut it and go on. */
export const slowPeer: ChaosCase = {
  id: 'F15b',
  title: '1 of 4 peers stops reading',
  world: { load: { payloadBytes: 1_024 } },
  async run(world) {
    await world.wait(5, 2);
    const baseMs = await p99During(world, [15, 5]);
    world.proxy.faults((from, to) => (to === 'D' && from !== 'D' ? { isStuck: true } : {}));
    const strainedMs = await p99During(world, [20, 8]);
    const cuts = await Promise.all(OTHERS.map((name) => world.node(name).metric('grapevine_links_closed_total')));
    world.proxy.heal();
    const agreed = await world.agree();
    await world.wait(5, 2);
    return {
      'p99 among the others, of the base': atMost(
        ((strainedMs - RESOLUTION_MS) / baseMs) * 100,
        150 * world.patience,
        ' %',
      ),
      'base, p99': { isMet: true, figure: `${baseMs.toFixed(1)} ms` },
      'others that cut it': atLeast(cuts.filter((count) => count > 0).length, OTHERS.length),
      'others taken for dead by the others': exactly(
        world.watch.deaths(({ by, peer }) => by === 'D' || peer === 'D').length,
        0,
      ),
      'agreed afterwards': agreed,
    };
  },
};

/** Of what is published and read at the others. */
async function p99During(world: World, [full, short]: readonly [number, number]): Promise<number> {
  const fromMs = performance.now();
  await world.wait(full, short);
  const streams = new Set(world.ledger.accepted.filter(({ node }) => node !== 'D').map(({ stream }) => stream));
  const readers = world.subscribers.filter(({ subscriber }) => !subscriber.endsWith(' D'));
  const recent = readers.flatMap(({ received }) =>
    received.filter(({ atMs, stream }) => atMs > fromMs && streams.has(stream)),
  );
  return percentile(
    recent.map(({ latencyMs }) => latencyMs),
    0.99,
  );
}
