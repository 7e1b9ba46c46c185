import { connect } from '@nats-io/transport-node';
import { InFlight } from '../../in-flight.js';
import type { MeshSystem } from '../mesh-system.js';

const SUBJECT = 'bench';
const MESSAGES_PER_FLUSH = 512;
const FLUSHES_MAX = 8;

/** Core NATS, a server beside each node; a publisher waits for the server by flushes, a few on their way at a time. */
export const nats: MeshSystem = {
  async startNode({ index, servers, receive }) {
    const connection = await connect({ servers: servers[index % servers.length] ?? '' });
    connection.subscribe(SUBJECT, { callback: (_error, { data }) => receive(data) });
    await connection.flush();
    const flushes = new InFlight(FLUSHES_MAX);
    let published = 0;
    return {
      address: '',
      publish(payload) {
        connection.publish(SUBJECT, payload);
        return ++published % MESSAGES_PER_FLUSH === 0 ? flushes.add(connection.flush()) : undefined;
      },
    };
  },
};
