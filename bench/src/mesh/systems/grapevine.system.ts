import { startGrapevineNode } from '../../grapevine-node.adapter.js';
import { InFlight } from '../../in-flight.js';
import { metricOf } from '../../node-metrics.adapter.js';
import type { MeshSystem } from '../mesh-system.js';

const TOPIC = 'bench';
const IN_FLIGHT_MAX = 4_096;

interface Keeping {
  readonly store: 'memory' | 'lmdb';
  readonly durability?: 'async' | 'fsync';
}

/** Nodes with all seals on; the promise of each message is awaited, a bounded number at a time. */
export function grapevineSystem(keeping: Keeping): MeshSystem {
  return {
    async startNode({ index, earlier, countsCopies, folder, receive }) {
      const where = keeping.store === 'lmdb' ? { dataDir: folder } : {};
      const { grapevine, url } = await startGrapevineNode({
        name: `node-${index}`,
        peers: [...earlier],
        ...keeping,
        ...where,
        api: countsCopies && { prefix: '' },
      });
      await grapevine.subscribe(TOPIC, ({ message }) => receive(message as Uint8Array));
      const inFlight = new InFlight(IN_FLIGHT_MAX);
      return {
        address: url,
        publish: (payload) => inFlight.add(grapevine.publish(TOPIC, payload)),
        ...(countsCopies && { copies: () => metricOf(url, 'grapevine_messages_received_total') }),
      };
    },
  };
}
