import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { NodeProcess } from '../e2e/node-process.js';

/** What a node answers to an event. */
export interface EventAnswer {
  readonly ok: boolean;
  readonly problem?: { readonly code: string; readonly status: number };
}

/** A client of a node's events that does not come again by itself; `connect` rejects with the code for which it is turned away. */
export function enter(node: NodeProcess, options: Partial<ManagerOptions & SocketOptions> = {}): Promise<Socket> {
  const how = { transports: ['websocket'], forceNew: true, reconnection: false, ...options };
  const socket = io(`${node.url}/events`, how);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', (error: Error & { data?: { code?: string } }) => {
      reject(new Error(error.data?.code ?? error.message));
    });
  });
}

export function ask(socket: Socket, event: string, payload: unknown): Promise<EventAnswer> {
  return socket.timeout(30_000).emitWithAck(event, payload) as Promise<EventAnswer>;
}

/** Many clients of one node. */
export class SocketCrowd {
  private constructor(readonly sockets: readonly Socket[]) {}

  static async open(node: NodeProcess, count: number): Promise<SocketCrowd> {
    const sockets: Socket[] = [];
    while (sockets.length < count) sockets.push(await enter(node));
    return new SocketCrowd(sockets);
  }

  /** How many of the subscriptions are held. */
  async subscribe(patternOf: (socket: number, nth: number) => string, each: number): Promise<number> {
    let held = 0;
    for (const [index, socket] of this.sockets.entries()) {
      for (let from = 0; from < each; from += 50) {
        const asked = Array.from({ length: Math.min(50, each - from) }, (_, nth) =>
          ask(socket, 'subscribe', { topic: patternOf(index, from + nth) }),
        );
        held += (await Promise.all(asked)).filter(({ ok }) => ok).length;
      }
    }
    return held;
  }

  close(): void {
    for (const socket of this.sockets) socket.disconnect();
  }
}
