import { atLeast, exactly, type ChaosCase, type Findings } from '../case.js';
import { Namespaces } from '../namespaces.js';
import type { World } from '../world.js';

const HALVES = [
  ['A', 'B'],
  ['C', 'D'],
] as const;

/** F3: two halves that do not reach each other go on, and have all of it once after they meet again. */
export const partition: ChaosCase = {
  id: 'F3',
  title: '2 / 2 partition for 30 s, then healed',
  run: (world) =>
    splitAndHeal(world, {
      cut: () => world.proxy.cut(...HALVES),
      heal: () => world.proxy.heal(),
    }),
};

/** F3 once more with packets that the kernel drops, so that connections time out as they do on a real network. */
export const partitionOfNamespaces: ChaosCase = {
  id: 'F3n',
  title: '2 / 2 partition of network namespaces for 30 s, then healed',
  isLong: true,
  world: { network: 'namespaces' },
  skip: () => Namespaces.problem(),
  run: (world) =>
    splitAndHeal(world, {
      cut: () => {
        for (const one of HALVES[0])
          for (const other of HALVES[1]) {
            world.namespaces.cut(one, other);
            world.namespaces.cut(other, one);
          }
      },
      heal: () => world.namespaces.heal(),
    }),
};

async function splitAndHeal(world: World, { cut, heal }: { cut: () => void; heal: () => void }): Promise<Findings> {
  await world.wait(5, 2);
  cut();
  const cutMs = performance.now();
  await world.wait(30, 8);
  const accepted = HALVES.map((names) => {
    return world.ledger.accepted.filter(({ node, sentMs }) => sentMs > cutMs && names.includes(node as never)).length;
  });
  const degraded = [...world.watch.degraded].toSorted().join('');
  heal();
  const agreed = await world.agree(performance.now(), 10_000);
  await world.wait(5, 2);
  return {
    'accepted by the half that accepted less': atLeast(Math.min(...accepted), 1),
    'said degraded meanwhile': exactly(degraded, 'ABCD'),
    'digests equal after healing': agreed,
  };
}
