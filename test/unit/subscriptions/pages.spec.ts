import { describe, expect, it } from 'vitest';
import type { GossipService } from '../../../src/gossip/gossip.service.js';
import type { Deadlines } from '../../../src/runtime/deadlines.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';
import { encodeCursor } from '../../../src/subscriptions/cursor.js';
import type { InterestService } from '../../../src/subscriptions/interest.service.js';
import type { NodeSubscriptions } from '../../../src/subscriptions/node-subscriptions.service.js';
import type { RepeatsService } from '../../../src/subscriptions/repeats.service.js';
import type { SubscribersService } from '../../../src/subscriptions/subscribers.service.js';
import { SubscriptionsService } from '../../../src/subscriptions/subscriptions.service.js';

/** Pages of a node whose log is empty, and which is still learning of repeats until it is told to be done. */
function learningNode() {
  let done = (): void => undefined;
  const learned = new Promise<void>((resolve) => (done = resolve));
  const waits: number[] = [];
  const gossip = { storeId: 'A', assertReadable: () => undefined, readTopic: () => [], passOver: () => undefined };
  const repeats: Pick<RepeatsService, 'learn'> = {
    learn: (_, { timeoutMs }) => {
      waits.push(timeoutMs);
      return learned;
    },
  };
  const service = new SubscriptionsService(
    gossip as unknown as GossipService,
    { isWanted: () => true } as unknown as InterestService,
    {} as NodeSubscriptions,
    {} as SubscribersService,
    repeats as RepeatsService,
    new SystemClock(),
    {} as Deadlines,
  );
  return { service, waits, done };
}

describe('pages of a node that is learning of repeats', () => {
  it('keep no place from others while they wait, and wait no longer than a second', async () => {
    const { service, waits, done } = learningNode();
    const after = encodeCursor({ sinceMs: 1, streams: new Map() });
    const waiting = Array.from({ length: 64 }, () => service.page('chat', { after, limit: 9 }));
    await expect(service.page('chat', { limit: 9 })).resolves.toMatchObject({ items: [] });
    expect(new Set(waits)).toEqual(new Set([1_000]));
    done();
    for (const { items } of await Promise.all(waiting)) expect(items).toEqual([]);
  });
});
