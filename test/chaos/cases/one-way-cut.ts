import type { LaneFault } from '../../e2e/faulty-lane.js';
import { exactly, percentile, type ChaosCase } from '../case.js';
import type { World } from '../world.js';

/** F4: A cannot reach B, then A and D cannot reach each other; the others can. Nobody dies of it and relays carry what is published. */
export const oneWayCut: ChaosCase = {
  id: 'F4',
  title: 'one-way cut A → B; then A – D cut while B and C reach both',
  async run(world) {
    await world.wait(5, 2);
    const oneWay = await deliveryDuring(world, { from: 'A', to: 'B' }, (from, to) => from === 'A' && to === 'B');
    const bothWays = await deliveryDuring(
      world,
      { from: 'A', to: 'D' },
      (...ends) => ends.toSorted().join('') === 'AD',
    );
    return {
      'taken for dead': exactly(world.watch.deaths().length, 0),
      'A to B, p99': world.inTime(oneWay, 2),
      'A to D, p99': world.inTime(bothWays, 2),
    };
  },
};

/** 99th percentile, in seconds, of what is published at one end and read at the other while they are cut, and the 10 s after. */
async function deliveryDuring(
  world: World,
  ends: { readonly from: string; readonly to: string },
  isCut: (from: string, to: string) => boolean,
): Promise<number> {
  const cutMs = performance.now();
  world.proxy.faults((from, to): LaneFault => (isCut(from, to) ? { isCut: true } : {}));
  await world.wait(60, 12);
  world.proxy.heal();
  await world.agree();
  const streams = new Set(world.ledger.accepted.filter(({ node }) => node === ends.from).map(({ stream }) => stream));
  const readers = world.subscribers.filter(({ subscriber }) => subscriber.endsWith(` ${ends.to}`));
  const latencies = readers.flatMap(({ received }) =>
    received.filter(({ stream, atMs }) => atMs > cutMs && streams.has(stream)).map(({ latencyMs }) => latencyMs),
  );
  return percentile(latencies, 0.99) / 1_000;
}
