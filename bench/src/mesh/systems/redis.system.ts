import { createClient } from 'redis';
import { InFlight } from '../../in-flight.js';
import type { MeshSystem } from '../mesh-system.js';

const CHANNEL = 'bench';
const IN_FLIGHT_MAX = 1_024;

/** Redis publish-subscribe through one server; commands are pipelined, a bounded number at a time. */
export const redis: MeshSystem = {
  async startNode({ servers: [url = ''], receive }) {
    const subscriber = await createClient({ url }).connect();
    const publisher = await createClient({ url }).connect();
    await subscriber.subscribe(CHANNEL, receive, true);
    const inFlight = new InFlight(IN_FLIGHT_MAX);
    return { address: '', publish: (payload) => inFlight.add(publisher.publish(CHANNEL, payload)) };
  },
};
