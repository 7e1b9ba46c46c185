import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ClientServer } from '../client-server.js';

/** Bare WebSockets: each message is written to every client. */
export async function startWs(): Promise<ClientServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.send('hello');
    socket.on('message', () => socket.send('welcome'));
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    greetings: ['subscribe'],
    async publishAll(messages) {
      for (const message of messages) for (const socket of server.clients) socket.send(message);
    },
  };
}
