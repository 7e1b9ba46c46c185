import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { RunningNode } from '../../src/start-node.js';

export type EventAnswer = { ok: boolean; problem?: { code: string; retryAfterMs?: number } } & Record<string, unknown>;

type Options = Partial<ManagerOptions & SocketOptions>;

/** A client of a node's events that does not come again by itself. */
export function eventsClient(node: RunningNode, options: Options = {}): Socket {
  return io(`${node.url}/events`, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
}

/** The same, once it is let in; rejects with why not. */
export function enter(node: RunningNode, options: Options = {}): Promise<Socket> {
  const socket = eventsClient(node, options);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}

/** The code of the problem with which a client is turned away; `connected` when it is let in. */
export async function entry(node: RunningNode, options: Options = {}): Promise<string> {
  const outcome = enter(node, options).then(
    (socket) => {
      socket.disconnect();
      return 'connected';
    },
    (error: Error & { data?: { code?: string } }) => error.data?.code ?? error.message,
  );
  return outcome;
}

export const ask = (socket: Socket, event: string, ...payload: unknown[]): Promise<EventAnswer> =>
  socket.timeout(15_000).emitWithAck(event, ...payload) as Promise<EventAnswer>;

/** The next value of an event. */
export const heard = (socket: Socket, event: string): Promise<Record<string, unknown>> =>
  new Promise((resolve) => socket.once(event, resolve));
