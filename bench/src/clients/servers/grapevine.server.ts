import { startGrapevineNode } from '../../grapevine-node.adapter.js';
import type { ClientServerStart } from '../client-server.js';

const TOPIC = 'bench';

/** A node with its events interface; clients take messages one by one, or what is ready together. */
export function grapevineServer({ isBatched }: { readonly isBatched: boolean }): ClientServerStart {
  return async () => {
    // All clients come from one address, and at once.
    const unbounded = { connectionsPerAddress: 20_000, rateHandshakes: 0 };
    const { grapevine, url } = await startGrapevineNode({
      name: 'server',
      store: 'memory',
      api: { prefix: '' },
      ...unbounded,
    });
    return {
      url: `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
      greetings: ['40/events,', `42/events,0${JSON.stringify(['subscribe', { topic: TOPIC, batch: isBatched }])}`],
      async publishAll(messages) {
        await Promise.all(messages.map((message) => grapevine.publish(TOPIC, message)));
      },
    };
  };
}
