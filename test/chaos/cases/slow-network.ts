import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, percentile, type ChaosCase } from '../case.js';
import type { Accepted } from '../ledger.js';

const PAYLOAD_BYTES = 512;
/** Nodes that get a copy of what is published, the publisher not counted. */
const RECEIVERS: Readonly<Record<string, (publisher: string) => number>> = {
  chat: () => 3,
  news: (publisher) => (publisher === 'B' || publisher === 'C' ? 1 : 2),
};
const BREAK_EVERY_MS = 2_000;
const STORM_EVERY = 4;
const NAMES = ['A', 'B', 'C', 'D'];

/** F5: every way is slow and uneven, links break all the time, now and then all at once. */
export const slowNetwork: ChaosCase = {
  id: 'F5',
  title: '100 ± 80 ms delay, links cut at random, reconnect storms, 10,000 messages',
  // The timers of a network like this one; those of a single machine take 180 ms for a sign of trouble.
  world: { environment: { PROFILE: 'lan' }, load: { payloadBytes: PAYLOAD_BYTES } },
  async run(world) {
    world.proxy.faults(() => ({ delayMs: 100, jitterMs: 80 }));
    await sleep(1_000);
    const [startMs, startBytes] = [performance.now(), world.proxy.bytes];
    const endMs = startMs + world.seconds(20, 6) * 1_000;
    for (let turn = 1; performance.now() < endMs; turn++) {
      await sleep(BREAK_EVERY_MS);
      world.proxy.breakConnections(turn % STORM_EVERY === 0 ? 1 : 0.3);
      // One does not even notice that its connections are gone.
      if (turn % STORM_EVERY === 2) world.proxy.halfOpen(NAMES[turn % NAMES.length] ?? 'A');
    }
    await world.load.stop();
    await world.agree();
    await world.load.stop();
    const wireBytes = world.proxy.bytes - startBytes;
    const sent = world.ledger.accepted.filter(({ sentMs }) => sentMs >= startMs);
    const payloads = sent.reduce((sum, publication) => sum + PAYLOAD_BYTES * receiversOf(publication), 0);
    const received = world.subscribers.flatMap((each) => each.received.filter(({ atMs }) => atMs > startMs));
    world.proxy.heal();
    return {
      messages: atLeast(sent.length, world.seconds(10_000, 2_000)),
      'delivery, p99': atMost(
        percentile(
          received.map(({ latencyMs }) => latencyMs),
          0.99,
        ) / 1_000,
        3,
        ' s',
      ),
      'wire bytes per payload byte and receiver': atMost(wireBytes / payloads, 4),
    };
  },
};

function receiversOf({ topic, node }: Accepted): number {
  return RECEIVERS[topic]?.(node) ?? 0;
}
