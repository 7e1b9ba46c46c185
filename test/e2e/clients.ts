import { EventSource } from 'eventsource';
import { io, type Socket } from 'socket.io-client';
import type { MessageItem, NodeClient } from './node-client.js';

/** A client and what it has received. */
export interface Client {
  readonly received: readonly MessageItem[];
  close(): void;
}

export interface SocketClient extends Client {
  readonly socket: Socket;
  readonly gaps: readonly unknown[];
}

/** A Socket.IO client of a node's events, subscribed to a topic. */
export async function socketClient(node: NodeClient, topic: string, after?: unknown): Promise<SocketClient> {
  const socket = io(`${node.url}/events`, { transports: ['websocket'], forceNew: true });
  const received: MessageItem[] = [];
  const gaps: unknown[] = [];
  socket.on('message', (message: MessageItem) => received.push(message));
  socket.on('gap', (gap: unknown) => gaps.push(gap));
  const answer: unknown = await socket.timeout(10_000).emitWithAck('subscribe', { topic, after });
  if (!(answer as { ok: boolean }).ok) throw new Error(JSON.stringify(answer));
  return { received, gaps, socket, close: () => void socket.disconnect() };
}

/** A browser's `EventSource` on a node's stream of a topic. */
export async function eventSourceClient(node: NodeClient, topic: string): Promise<Client> {
  const source = new EventSource(`${node.url}/stream?topic=${encodeURIComponent(topic)}`);
  const received: MessageItem[] = [];
  const take = (event: MessageEvent): void => void received.push(JSON.parse(event.data as string) as MessageItem);
  source.addEventListener('message', take);
  await new Promise((resolve, reject) => {
    source.addEventListener('open', resolve, { once: true });
    source.addEventListener('error', reject, { once: true });
  });
  return { received, close: () => source.close() };
}
