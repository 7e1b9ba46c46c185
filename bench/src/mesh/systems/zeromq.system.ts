import { Publisher, Subscriber } from 'zeromq';
import { nextTurn } from '../../clock.adapter.js';
import type { MeshSystem } from '../mesh-system.js';

/** ZeroMQ PUB and SUB between any two nodes; a publisher that is ahead waits instead of dropping. */
export const zeromq: MeshSystem = {
  async startNode({ earlier, receive, joined }) {
    const publisher = new Publisher({ noDrop: true });
    await publisher.bind('tcp://127.0.0.1:*');
    const subscriber = new Subscriber({ receiveHighWaterMark: 0 });
    subscriber.subscribe();
    const address = publisher.lastEndpoint ?? '';
    for (const each of [...earlier, address]) subscriber.connect(each);
    joined((later) => subscriber.connect(later));
    void receiveAll(subscriber, receive);
    // A socket takes one message at a time.
    let last = Promise.resolve();
    return { address, publish: (payload) => (last = last.then(() => send(publisher, payload))) };
  },
};

/** Tries again when a subscriber has no room: the socket says so instead of waiting. */
async function send(publisher: Publisher, payload: Buffer): Promise<void> {
  for (;;) {
    try {
      return await publisher.send(payload);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await nextTurn();
    }
  }
}

async function receiveAll(subscriber: Subscriber, receive: (payload: Uint8Array) => void): Promise<void> {
  for await (const [payload] of subscriber) if (payload !== undefined) receive(payload);
}
