import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { InFlight } from '../../in-flight.js';
import type { MeshSystem } from '../mesh-system.js';
import { payloadOf, textOf } from './text-payload.js';

const EVENT = 'bench';
const IN_FLIGHT_MAX = 1_024;

/**
 * Socket.IO servers that tell each other through the Redis adapter. An emit gives nothing to wait for; the answer to a
 * ping on the same connection says that Redis has taken what was sent before it.
 */
export const socketioRedis: MeshSystem = {
  async startNode({ servers: [url = ''], receive }) {
    const publisher = await createClient({ url }).connect();
    const subscriber = await createClient({ url }).connect();
    const io = new Server({ adapter: createAdapter(publisher, subscriber) });
    io.on(EVENT, (text: string) => receive(payloadOf(text)));
    const inFlight = new InFlight(IN_FLIGHT_MAX);
    return {
      address: '',
      publish(payload) {
        receive(payload);
        io.serverSideEmit(EVENT, textOf(payload));
        return inFlight.add(publisher.ping());
      },
    };
  },
};
