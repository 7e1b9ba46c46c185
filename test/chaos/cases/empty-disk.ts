import { rm } from 'node:fs/promises';
import { eventually } from '../../e2e/eventually.js';
import { exactly, type ChaosCase } from '../case.js';

const GONE_WITHIN = 10;

/** F12, first part: a node loses its disk and comes back under its name, as somebody else. */
export const emptyDisk: ChaosCase = {
  id: 'F12a',
  title: 'same name with an empty disk',
  isLong: true,
  async run(world) {
    await world.wait(5, 2);
    const lost = world.node('D');
    const { id } = (await lost.status()).node;
    // What only the lost disk had is not promised; it has what is published from its new beginning on.
    world.mayBeLost = ({ node, confirmed }) => node === 'D' && confirmed < 2;
    world.beganLater.add('D');
    await world.crash('D');
    await rm(lost.environment['DATA_DIR'] ?? '', { recursive: true });
    await world.restart('D');
    const readyMs = performance.now();
    const epochs = await eventually(async () => {
      const views = await Promise.all(world.nodes.map((node) => node.status()));
      const named = views.flatMap(({ peers }) => peers.filter((peer) => peer.name === 'D'));
      if (named.some((peer) => peer.id === id)) throw new Error('the node before is still there');
      if (named.length !== 3) throw new Error(`${named.length} of 3 see the node`);
      return named;
    }, GONE_WITHIN * 3_000).catch(() => []);
    const goneMs = performance.now() - readyMs;
    await world.wait(5, 2);
    return {
      'ghost gone after': world.inTime(goneMs / 1_000, GONE_WITHIN),
      'see one node of that name': exactly(epochs.length, 3),
      'agreed afterwards': await world.agree(),
    };
  },
};
