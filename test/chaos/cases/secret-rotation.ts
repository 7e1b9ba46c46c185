import { exactly, type ChaosCase } from '../case.js';
import { SECRET } from '../../e2e/local-cluster.js';
import type { World } from '../world.js';

const NEW_SECRET = 'another secret for the tests, of more than 32 characters';

/** F12, second part: the secret is replaced node by node while messages flow, as docs/operations.md says. */
export const secretRotation: ChaosCase = {
  id: 'F12b',
  title: 'secret rotated under load',
  isLong: true,
  world: { load: { isRetried: true } },
  async run(world) {
    await world.wait(2, 1);
    const refusedBefore = await refusedByAll(world);
    let refused = 0;
    for (const changes of [
      { CLUSTER_SECRET: NEW_SECRET, CLUSTER_SECRET_PREVIOUS: SECRET },
      { CLUSTER_SECRET: NEW_SECRET, CLUSTER_SECRET_PREVIOUS: '' },
    ]) {
      for (const name of ['A', 'B', 'C', 'D']) {
        refused += await refusedBy(world, name);
        await world.terminate(name);
        await world.restart(name, changes);
        await world.cluster.settled();
      }
    }
    refused += (await refusedByAll(world)) - refusedBefore;
    await world.wait(5, 2);
    return {
      'valid messages refused': exactly(refused, 0),
      'publishers that saw an error after one retry': exactly(world.ledger.refusedCount, 0),
      'agreed afterwards': await world.agree(),
    };
  },
};

async function refusedByAll(world: World): Promise<number> {
  const counts = await Promise.all(world.nodes.map(({ name }) => refusedBy(world, name)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function refusedBy(world: World, name: string): Promise<number> {
  const node = world.node(name);
  return (
    (await node.metric('grapevine_bundles_refused_total')) + (await node.metric('grapevine_peer_frames_refused_total'))
  );
}
