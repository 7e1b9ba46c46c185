import { eventually } from '../../e2e/eventually.js';
import { freePorts } from '../../e2e/node-process.js';
import { exactly, type ChaosCase } from '../case.js';

const REACHABLE_WITHIN = 10;

/** F13: a node comes back at another address; it is found there, and the old one is left alone after a while. */
export const newAddress: ChaosCase = {
  id: 'F13',
  title: 'a node comes back on another address',
  isLong: true,
  // An address among PEERS is dialled for ever, as its owner said so; this one was only learned.
  world: { bootstrap: ['A', 'B'] },
  async run(world) {
    await world.wait(5, 2);
    await world.crash('D');
    await world.wait(5, 3);
    const [port = 0] = await freePorts(1);
    const url = await world.proxy.open('D at its new address', port);
    await world.restart('D', { PORT: String(port), ADVERTISE_URL: url });
    const readyMs = performance.now();
    await eventually(async () => {
      for (const name of ['A', 'B', 'C']) {
        const { peers } = await world.node(name).status();
        const found = peers.find((peer) => peer.name === 'D');
        if (found?.state !== 'alive' || found.url !== url || !found.isLinked)
          throw new Error(`${name} has not found D`);
      }
    }, REACHABLE_WITHIN * 3_000).catch(() => undefined);
    const reachedMs = performance.now() - readyMs;
    const agreed = await world.agree(readyMs, REACHABLE_WITHIN * 1_000);
    await world.wait(45, 40);
    const late = world.proxy.dials.filter(({ to, atMs }) => to === 'D' && atMs > readyMs + 30_000);
    return {
      'linked to all at the new address after': world.inTime(reachedMs / 1_000, REACHABLE_WITHIN),
      'has all after': agreed,
      'dials of the old address after 30 s': exactly(late.length, 0),
    };
  },
};
