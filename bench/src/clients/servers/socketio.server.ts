import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { ClientServer } from '../client-server.js';

const ROOM = 'bench';

/** Plain Socket.IO: every client joins a room, each message is one emit to it. */
export async function startSocketIo(): Promise<ClientServer> {
  const http = createServer();
  const io = new Server(http, { serveClient: false });
  io.on('connection', (socket) => {
    socket.on('subscribe', async (acknowledge: () => void) => {
      await socket.join(ROOM);
      acknowledge();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=websocket`,
    greetings: ['40', '420["subscribe"]'],
    async publishAll(messages) {
      for (const message of messages) io.to(ROOM).emit('message', message);
    },
  };
}
