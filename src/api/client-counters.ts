/** How a client is connected. */
export type ClientKind = 'socket' | 'stream';

/** What happened to the clients of this node, as the metrics tell it. */
export class ClientCounters {
  readonly connected: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly messagesOut: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly gaps: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly cut: Record<ClientKind, number> = { socket: 0, stream: 0 };
}
