import type { Server, Socket } from 'node:net';
import type { Settings } from '../../config/settings.js';
import type { ClientCounters } from '../client-counters.js';
import { clientAddress } from './client-address.js';

/**
 * Bounds the connections to a server, in all and from one address. The newcomer is closed, before a byte of it is read, and
 * nobody who is there is cut for it.
 */
export function limitConnections(
  server: Server,
  { connections, connectionsPerAddress }: Settings,
  counters: ClientCounters,
): void {
  const open = new Map<string, number>();
  server.maxConnections = connections;
  server.on('drop', () => counters.refused.connections++);
  server.prependListener('connection', (socket: Socket) => {
    const address = clientAddress(socket.remoteAddress);
    const count = open.get(address) ?? 0;
    if (count >= connectionsPerAddress) {
      counters.refused.connections++;
      socket.destroy();
      return;
    }
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
