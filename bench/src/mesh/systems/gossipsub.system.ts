import './promise-with-resolvers.js';
import { gossipsub as gossipsubService } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { InFlight } from '../../in-flight.js';
import type { MeshSystem } from '../mesh-system.js';

const TOPIC = 'bench';
const IN_FLIGHT_MAX = 64;

/** libp2p's gossipsub with signatures on, over TCP and Noise, dialled to all nodes before it. */
export const gossipsub: MeshSystem = {
  async startNode({ earlier, receive }) {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        pubsub: gossipsubService({ emitSelf: true, allowPublishToZeroTopicPeers: true }),
      },
    });
    const { pubsub } = node.services;
    pubsub.addEventListener('message', ({ detail }) => receive(detail.data));
    pubsub.subscribe(TOPIC);
    for (const address of earlier) await node.dial(multiaddr(address));
    const inFlight = new InFlight(IN_FLIGHT_MAX);
    return {
      address: node.getMultiaddrs()[0]?.toString() ?? '',
      publish: (payload) => inFlight.add(pubsub.publish(TOPIC, payload)),
    };
  },
};
