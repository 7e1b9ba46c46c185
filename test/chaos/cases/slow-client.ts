import { eventually } from '../../e2e/eventually.js';
import { atMost, exactly, percentile, type ChaosCase } from '../case.js';
import type { Subscriber } from '../subscribers.js';
import type { SubscriberPlace, World } from '../world.js';

const CLIENTS = 20;
/** Enough to fill the outbox of one that does not read in half a minute, and no more than 20 clients in one process can read. */
const PAYLOAD_BYTES = 8_192;
const PER_SECOND = 60;
/** A busy machine adds this to a time that is a few ms. */
const RESOLUTION_MS = 1;

/** F15, first part: one client of many stops reading; it is told and cut, and the others do not notice. */
export const slowClient: ChaosCase = {
  id: 'F15a',
  title: '1 of 20 clients stops reading',
  isLong: true,
  world: {
    subscribers: Array.from({ length: CLIENTS - 1 }, (_, index) => placeAtA(index % 2 === 0 ? 'socket' : 'stream')),
    load: { payloadBytes: PAYLOAD_BYTES, perSecond: PER_SECOND, topics: ['chat'] },
  },
  async run(world) {
    const slow = await world.subscribe(placeAtA('socket'));
    await world.wait(5, 2);
    const baseMs = await p99During(world, [15, 5]);
    slow.pause(true);
    const cutBefore = await world.node('A').metric('grapevine_clients_cut_total');
    const strainedMs = await p99During(world, [20, 8]);
    // Its bound is 8 MiB, and what the kernel holds for it.
    const cut = await eventually(async () => {
      const now = await world.node('A').metric('grapevine_clients_cut_total');
      if (now === cutBefore) throw new Error('not cut yet');
      return now - cutBefore;
    }, 90_000).catch(() => 0);
    slow.pause(false);
    const reason = await reasonOf(slow);
    slow.close();
    return {
      'p99 of the others, of the base': atMost(
        ((strainedMs - RESOLUTION_MS) / baseMs) * 100,
        150 * world.patience,
        ' %',
      ),
      'base, p99': { isMet: true, figure: `${baseMs.toFixed(1)} ms` },
      'clients cut': exactly(cut, 1),
      'reason told': exactly(reason, 'overloaded'),
    };
  },
};

function placeAtA(kind: SubscriberPlace['kind']): SubscriberPlace {
  return { kind, topic: 'chat', nodes: ['A'] };
}

async function p99During(world: World, [full, short]: readonly [number, number]): Promise<number> {
  const fromMs = performance.now();
  await world.wait(full, short);
  const recent = world.subscribers.flatMap(({ received }) => received.filter(({ atMs }) => atMs > fromMs));
  return percentile(
    recent.map(({ latencyMs }) => latencyMs),
    0.99,
  );
}

function reasonOf(slow: Subscriber): Promise<string> {
  return eventually(() => {
    const [reason] = slow.cuts;
    if (reason === undefined) throw new Error('nothing told');
    return reason;
  }, 10_000).catch(() => 'none');
}
