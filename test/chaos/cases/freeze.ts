import { atLeast, exactly, type ChaosCase } from '../case.js';
import { eventually } from '../../e2e/eventually.js';

/** What `PROFILE=local` promises, and its period, in seconds. */
const DEAD_WITHIN = 3;
const SUSPICION_MIN = 0.9;
const PERIOD = 0.3;

/** F6: a node stands still, is dead to the others for a while, and takes that back when it runs again. */
export const freeze: ChaosCase = {
  id: 'F6',
  title: 'SIGSTOP 20 s, SIGCONT',
  async run(world) {
    await world.wait(5, 2);
    const frozen = world.node('D');
    const frozenMs = performance.now();
    frozen.signal('SIGSTOP');
    await world.wait(20, 6);
    const dead = { state: 'dead', sinceMs: frozenMs, withinSeconds: DEAD_WITHIN };
    const seen = await world.seenBy(['A', 'B', 'C'], 'D', dead);
    frozen.signal('SIGCONT');
    const thawedMs = performance.now();
    await eventually(async () => {
      for (const node of world.nodes) {
        const { peers } = await node.status();
        if (peers.some(({ state }) => state !== 'alive')) throw new Error(`${node.name} does not see all alive`);
      }
    }, 20_000).catch(() => undefined);
    const backMs = performance.now() - thawedMs;
    await world.wait(5, 2);
    return {
      'dead to the first after': atLeast((Math.min(...seen) - frozenMs) / 1_000, SUSPICION_MIN - PERIOD, ' s'),
      'dead to all after': world.inTime((Math.max(...seen) - frozenMs) / 1_000, DEAD_WITHIN + PERIOD),
      'alive to all again after': world.inTime(backMs / 1_000, 5),
      'others taken for dead': exactly(world.watch.deaths(({ peer }) => peer === 'D').length, 0),
    };
  },
};
