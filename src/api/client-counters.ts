import type { ErrorCode } from '../runtime/errors.js';

/** How a client is connected. */
export type ClientKind = 'socket' | 'stream';

/** Why a client was refused: its token, what the token grants, its rate, its page's origin, the name it asked under, its number of connections, or what it sent. */
export type ClientRefusal = 'token' | 'grant' | 'rate' | 'origin' | 'host' | 'connections' | 'malformed';

const REFUSALS: { readonly [code in ErrorCode]?: ClientRefusal } = {
  unauthorized: 'token',
  forbidden: 'grant',
  'foreign-origin': 'origin',
  'wrong-host': 'host',
  'too-many-requests': 'rate',
};

/** What happened to the clients of this node, as the metrics tell it. */
export class ClientCounters {
  readonly connected: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly messagesOut: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly gaps: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly cut: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly expired: Record<ClientKind, number> = { socket: 0, stream: 0 };
  readonly refused: Record<ClientRefusal, number> = {
    token: 0,
    grant: 0,
    rate: 0,
    origin: 0,
    host: 0,
    connections: 0,
    malformed: 0,
  };

  /** Counts an answer by its code, if it is a refusal. */
  refuse(code: ErrorCode): void {
    const reason = REFUSALS[code];
    if (reason !== undefined) this.refused[reason]++;
  }
}
