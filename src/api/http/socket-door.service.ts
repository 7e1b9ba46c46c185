import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Namespace, Server, Socket } from 'socket.io';
import { Settings } from '../../config/settings.js';
import { GrapevineError } from '../../runtime/errors.js';
import { ClientAccess, socketToken } from '../auth/access.service.js';
import { grantOf, type Caller } from '../auth/caller.js';
import { ClientCounters } from '../client-counters.js';
import { clientAddress } from '../../runtime/client-address.js';
import { ClientLimits } from '../limits/client-limits.service.js';
import { PendingSockets } from '../../runtime/pending-sockets.js';
import { isAllowedOrigin } from '../origin.js';
import { asGrapevineError, problemHeaders, problemOf, PROBLEM_TYPE } from '../problem.js';
import { answerText } from './answer-text.js';
import { HostCheck } from './host-check.service.js';

/** Sockets connected at a time to one node. */
export const SOCKETS_MAX = 10_000;

/** Of one address, those that have not named their namespace or token yet. */
export const SOCKETS_PENDING_MAX = 1_500;

/** How long a socket that is ended may take to agree to it. */
const CLOSE_TIMEOUT_MS = 5_000;

type EngineSocket = Socket['conn'];
type WebSocketServer = { readonly options: { closeTimeout?: number } };
type EngineRequest = IncomingMessage & { readonly ['_query']: Readonly<Record<string, string | undefined>> };

/** Decides who may open a socket: the handshake by host, origin and rate, then the namespace by token. */
@Injectable()
export class SocketDoor {
  readonly #pending = new PendingSockets<object>();

  constructor(
    private readonly settings: Settings,
    private readonly access: ClientAccess,
    private readonly limits: ClientLimits,
    private readonly counters: ClientCounters,
    private readonly hosts: HostCheck,
  ) {}

  /** Watches the namespace of clients, and the server below it, on which there is no other. */
  watch(namespace: Namespace): void {
    const server = namespace.server;
    server.engine.on('connection', (connection: EngineSocket) => {
      this.#pending.add(connection, clientAddress(connection.remoteAddress));
      connection.once('close', () => this.#pending.remove(connection));
    });
    server.engine.use((request: EngineRequest, response: ServerResponse, next: () => void) => {
      // Until the handshake is decided nobody else listens; a connection that breaks meanwhile must not end the process.
      if (request.headers.upgrade !== undefined) request.socket.on('error', () => request.socket.destroy());
      try {
        // Engine.IO passes only its own options to the WebSocket server below it, which it makes anew when the port opens.
        (server.engine as unknown as { readonly ws: WebSocketServer }).ws.options.closeTimeout = CLOSE_TIMEOUT_MS;
        this.#assertHandshake(request, server);
        next();
      } catch (error) {
        this.#answer(request, response, asGrapevineError(error));
      }
    });
    namespace.use((socket, next) => {
      this.#enter(socket).then(
        () => next(),
        (error: unknown) => this.#turnAway(socket, error, next),
      );
    });
    server.of('/').use((socket, next) => {
      this.#turnAway(socket, new GrapevineError('not-found', `Clients use the namespace ${namespace.name}.`), next);
    });
  }

  #assertHandshake(request: EngineRequest, { engine }: Server): void {
    const { headers, socket } = request;
    this.hosts.assert(headers.host);
    // A page of another site may open a WebSocket anywhere; only this check keeps it from using the node.
    if (!isAllowedOrigin(headers, this.settings.corsOrigins)) {
      throw new GrapevineError('foreign-origin', 'The origin of the page is not allowed.');
    }
    // An empty one is none to Engine.IO.
    if (request['_query']['sid'] !== undefined && request['_query']['sid'] !== '') return;
    const address = clientAddress(socket.remoteAddress);
    this.limits.take('handshakes', address);
    if (this.#pending.count(address) >= SOCKETS_PENDING_MAX) {
      throw new GrapevineError('too-many-requests', `${SOCKETS_PENDING_MAX} sockets of this address have not entered.`);
    }
    if (engine.clientsCount < SOCKETS_MAX) return;
    throw new GrapevineError('too-many-requests', `The node has ${SOCKETS_MAX} sockets open.`);
  }

  async #enter(socket: Socket): Promise<void> {
    const { auth, headers, address } = socket.handshake;
    const caller = await this.access.identify(socketToken(auth, headers.authorization), address);
    grantOf(caller);
    (socket.data as { caller?: Caller }).caller = caller;
    this.#pending.remove(socket.conn);
  }

  /** Tells the client why, and ends its connection: one attempt, one handshake. */
  #turnAway(socket: Socket, thrown: unknown, next: (error: Error) => void): void {
    const error = asGrapevineError(thrown);
    this.counters.refuse(error.code);
    next(Object.assign(new Error(error.title), { data: problemOf(error) }));
    // After the answer, which Socket.IO sends in the next tick.
    setImmediate(() => socket.conn.close());
  }

  #answer(request: IncomingMessage, response: ServerResponse, error: GrapevineError): void {
    this.counters.refuse(error.code);
    if (request.headers.upgrade === undefined) {
      response.writeHead(error.status, headersOf(error)).end(JSON.stringify(problemOf(error)));
      return;
    }
    // Engine.IO's stand-in for a response writes nothing.
    request.socket.write(answerText(error, headersOf(error)));
    request.socket.destroySoon();
  }
}

/** Who opened a socket that was let in. */
export function callerOf(socket: Socket): Caller {
  const { caller } = socket.data as { caller?: Caller };
  if (caller === undefined) throw new Error('the socket came past the door');
  return caller;
}

function headersOf(error: GrapevineError): Record<string, string> {
  return { 'cache-control': 'no-store', 'content-type': PROBLEM_TYPE, connection: 'close', ...problemHeaders(error) };
}
