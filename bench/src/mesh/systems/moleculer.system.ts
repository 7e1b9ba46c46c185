import { ServiceBroker, type Context } from 'moleculer';
import { freePort } from '../../free-port.adapter.js';
import type { MeshSystem } from '../mesh-system.js';
import { payloadOf, textOf } from './text-payload.js';

const EVENT = 'bench';

/** Moleculer's broadcast events over its own TCP transport; it has no flow control to wait for but its promise. */
export const moleculer: MeshSystem = {
  async startNode({ index, earlier, receive }) {
    const address = `127.0.0.1:${await freePort()}/node-${index}`;
    const broker = new ServiceBroker({
      nodeID: `node-${index}`,
      logger: false,
      transporter: { type: 'TCP', options: { udpDiscovery: false, urls: [...earlier, address], useHostname: false } },
    });
    broker.createService({
      name: `receiver-${index}`,
      events: {
        [EVENT]: {
          context: true,
          handler: ({ params }: Context<{ data: string }>) => receive(payloadOf(params.data)),
        },
      },
    });
    await broker.start();
    return { address, publish: (payload) => broker.broadcast(EVENT, { data: textOf(payload) }) };
  },
};
