import { eventually } from '../../e2e/eventually.js';
import { atMost, exactly, type ChaosCase } from '../case.js';
import { Crowd } from '../crowd.js';

const GENTLY_PER_SECOND = 100;

/** F14: three of four nodes are killed, and all their clients come to the last one at once. */
export const stampede: ChaosCase = {
  id: 'F14',
  title: '2,000 clients reconnect at once to the last node',
  isLong: true,
  // What is published reaches every one of the clients.
  world: { load: { perSecond: 4, topics: ['chat'] } },
  async run(world) {
    const size = world.seconds(2_000, 400);
    const crowd = new Crowd(size);
    const last = world.node('D');
    try {
      // The base is what the node needs for as many clients that came one by one.
      await crowd.connect([last.url], GENTLY_PER_SECOND);
      await world.wait(15, 5);
      const baseMiB = world.watch.memoryMiB(last);
      await crowd.connect(
        ['A', 'B', 'C'].map((name) => world.node(name).url),
        GENTLY_PER_SECOND,
      );
      await crowd.lastResort(last.url);
      await world.wait(5, 2);
      const killedMs = performance.now();
      world.mayBeLost = ({ node, confirmed }) => node !== 'D' && confirmed < 2;
      await Promise.all(['A', 'B', 'C'].map((name) => world.crash(name)));
      await eventually(async () => {
        const { connected, recovered } = await crowd.report();
        if (connected < size || recovered < size) throw new Error(`${connected} connected, ${recovered} recovered`);
      }, 90_000).catch(() => undefined);
      const resumedMs = performance.now() - killedMs;
      await world.wait(60 - Math.min(60, resumedMs / 1_000), 5);
      const { recovered, wrong } = await crowd.report();
      return {
        'clients that resumed': exactly(recovered, size),
        'all resumed after': world.inTime(resumedMs / 1_000, 30),
        'memory of the base a minute later': atMost((world.watch.memoryMiB(last) / baseMiB) * 100, 115, ' %'),
        'messages twice, skipped or out of order': exactly(wrong, 0),
      };
    } finally {
      crowd.close();
    }
  },
};
