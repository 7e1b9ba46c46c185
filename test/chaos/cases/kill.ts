import { exactly, type ChaosCase } from '../case.js';

/** What `PROFILE=local` promises, and one period more, in seconds. */
const DEAD_WITHIN = 3.3;

/** F1: a node is killed and comes back; the others deliver what was accepted, and it gets what it missed. */
export const kill: ChaosCase = {
  id: 'F1',
  title: 'kill -9 one node, restart it',
  async run(world) {
    await world.wait(20, 3);
    const killedMs = performance.now();
    await world.crash('D');
    await world.wait(20, 4);
    const dead = { state: 'dead', sinceMs: killedMs, withinSeconds: DEAD_WITHIN };
    const [deadMs = Infinity] = await world.seenBy(['A'], 'D', dead);
    await world.restart('D');
    const caughtUp = await world.agree(performance.now(), 5_000);
    await world.wait(5, 2);
    return {
      'what it missed after ready': caughtUp,
      'dead after': world.inTime((deadMs - killedMs) / 1_000, DEAD_WITHIN),
      'others taken for dead': exactly(world.watch.deaths(({ peer }) => peer === 'D').length, 0),
    };
  },
};
