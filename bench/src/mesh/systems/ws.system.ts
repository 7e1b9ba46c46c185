import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { MeshSystem } from '../mesh-system.js';

const BUFFERED_BYTES_MAX = 2 ** 20;

/** The least that can be done: a WebSocket between any two nodes, each message written to all of them. */
export const ws: MeshSystem = {
  async startNode({ earlier, receive }) {
    const links = new Set<WebSocket>();
    const add = (link: WebSocket): void => {
      links.add(link);
      link.on('message', receive);
    };
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', add);
    await once(server, 'listening');
    for (const address of earlier) {
      const link = new WebSocket(address, { perMessageDeflate: false });
      await once(link, 'open');
      add(link);
    }
    return {
      address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
      publish(payload) {
        receive(payload);
        const written = [...links].flatMap((link) => send(link, payload) ?? []);
        return written.length === 0 ? undefined : Promise.all(written).then(() => undefined);
      },
    };
  },
};

/** A link that has too much to write is waited for. */
function send(link: WebSocket, payload: Buffer): Promise<void> | undefined {
  if (link.bufferedAmount >= BUFFERED_BYTES_MAX) {
    return new Promise((resolve) => link.send(payload, () => resolve()));
  }
  link.send(payload);
  return undefined;
}
