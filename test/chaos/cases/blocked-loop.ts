import { exactly, type ChaosCase } from '../case.js';

const BLOCK_SECONDS = 5;

/** F7: a node that is busy with itself half of the time may be late, but must not take healthy ones for dead. */
export const blockedLoop: ChaosCase = {
  id: 'F7',
  title: "one node's loop blocked 5 s of every 10 s",
  async run(world) {
    for (let turn = 0; turn < world.seconds(12, 2); turn++) {
      world.order('D', { blockMs: BLOCK_SECONDS * 1_000 });
      await world.wait(2 * BLOCK_SECONDS, BLOCK_SECONDS + 3);
    }
    const healthy = world.watch.deaths(({ peer }) => peer === 'D');
    return {
      'healthy nodes taken for dead by the blocked one': exactly(healthy.filter(({ by }) => by === 'D').length, 0),
      'healthy nodes taken for dead by others': exactly(healthy.filter(({ by }) => by !== 'D').length, 0),
    };
  },
};
