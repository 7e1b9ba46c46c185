import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Server } from 'socket.io';
import { Settings } from '../../config/settings.js';
import { clientAddress } from '../../runtime/client-address.js';
import { PendingSockets } from '../../runtime/pending-sockets.js';
import { StartError } from '../../runtime/start-error.js';
import { RECORD_BYTES_MAX } from './link-queue.js';
import * as meshParser from './mesh-parser.js';
import { AcceptedMeshSocket } from './mesh-socket.adapter.js';
import type { MeshSocket } from './mesh-socket.js';

export const MESH_PATH = '/mesh';
/** Largest message on the transport: a sealed record. */
export const TRANSPORT_BYTES_MAX = RECORD_BYTES_MAX + 1_024;
/** Connections that have not completed their handshake; more are refused. */
export const PENDING_HANDSHAKES_MAX = 64;
/** Of these from one address, so that one stranger does not keep peers out. */
export const PENDING_PER_ADDRESS_MAX = 16;
export const HANDSHAKE_TIMEOUT_MS = 5_000;
/** For the reason of a timeout to be read; then a connection without a handshake is destroyed, whatever layer holds it. */
const LAST_WORDS_MS = 1_000;
/** Transport pings only clear away what membership does not know of; twice this without an answer ends a connection. */
const TRANSPORT_PING_MS = 10_000;

type EngineRequest = IncomingMessage & { readonly ['_query']: Readonly<Record<string, unknown>> };

/** Why a connection was turned away before its handshake. */
export type AdmissionRefusal = 'origin' | 'too-many-handshakes' | 'shutdown';

export interface MeshServerListener {
  accepted(socket: MeshSocket): void;
  turnedAway(reason: AdmissionRefusal): void;
}

/**
 * Accepts peers: a Socket.IO server of its own, with limits of its own, on the path `/mesh` of the HTTP server that Nest
 * listens on, or on a port of its own in an app that has none.
 */
@Injectable()
export class MeshServer {
  #io: Server | undefined;
  #http: HttpServer | undefined;
  #isOwnHttp = false;
  #isClosed = false;
  /** By the connection itself: Engine.IO counts those no more that it has told to close, whether or not they do. */
  readonly #pending = new PendingSockets<NetSocket>();

  constructor(
    private readonly settings: Settings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The app has no HTTP server, so there is one for the mesh alone. */
  get hasOwnPort(): boolean {
    return this.#isOwnHttp;
  }

  /** Attaches, and resolves with the URL that peers reach us by once the port is known. */
  async open(listener: MeshServerListener): Promise<string> {
    const http = this.#httpServer();
    this.#http = http;
    this.#attach(http, listener);
    if (this.#isOwnHttp) http.listen(this.settings.port, this.settings.host);
    if (!http.listening) await this.#listening(http);
    return this.settings.advertiseUrl ?? this.#urlOf(http);
  }

  /** Takes no more connections and ends those that are left; the app's HTTP server is not touched. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#io?.disconnectSockets(true);
    this.#io?.engine.close();
    const http = this.#http;
    if (!this.#isOwnHttp || http === undefined) return;
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }

  #httpServer(): HttpServer {
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    const shared: unknown = adapter?.getHttpServer();
    if (isHttpServer(shared)) return shared;
    this.#isOwnHttp = true;
    return createServer((_request, response) => response.writeHead(404).end());
  }

  async #listening(http: HttpServer): Promise<void> {
    try {
      await once(http, 'listening');
    } catch (cause) {
      const { host, port } = this.settings;
      throw new StartError(`cannot listen on ${host}:${port}: ${(cause as Error).message}`, { cause });
    }
  }

  #attach(http: HttpServer, listener: MeshServerListener): void {
    const io = new Server(http, {
      path: MESH_PATH,
      parser: meshParser,
      transports: ['websocket'],
      allowUpgrades: false,
      perMessageDeflate: false,
      httpCompression: false,
      serveClient: false,
      maxHttpBufferSize: TRANSPORT_BYTES_MAX,
      connectTimeout: HANDSHAKE_TIMEOUT_MS,
      pingInterval: TRANSPORT_PING_MS,
      pingTimeout: TRANSPORT_PING_MS,
      allowRequest: (request, answer) => {
        const refusal = this.#refusalOf(request);
        if (refusal === undefined) this.#await(request.socket);
        else listener.turnedAway(refusal);
        answer(refusal, refusal === undefined);
      },
    });
    io.engine.use((request: EngineRequest, _response: unknown, next: (error?: Error) => void) => {
      // Engine.IO would take a further connection for a session that there is, without asking whether it is allowed.
      next(request['_query']['sid'] === undefined ? undefined : new Error('a session has one connection'));
    });
    io.on('connection', (socket) => {
      listener.accepted(new AcceptedMeshSocket(socket, () => this.#pending.remove(socket.request.socket)));
    });
    this.#io = io;
  }

  /** Until its peer is proven a connection is counted, and ends in time. */
  #await(socket: NetSocket): void {
    this.#pending.add(socket, clientAddress(socket.remoteAddress));
    const timeout = setTimeout(() => {
      if (this.#pending.has(socket)) socket.destroy();
    }, HANDSHAKE_TIMEOUT_MS + LAST_WORDS_MS);
    timeout.unref();
    socket.once('close', () => {
      clearTimeout(timeout);
      this.#pending.remove(socket);
    });
  }

  #refusalOf(request: IncomingMessage): AdmissionRefusal | undefined {
    if (this.#isClosed) return 'shutdown';
    // Browsers always send it and peers never do: no page may make its visitor's browser speak to a node.
    if (request.headers.origin !== undefined) return 'origin';
    const ofAddress = this.#pending.count(clientAddress(request.socket.remoteAddress));
    const isFull = this.#pending.size >= PENDING_HANDSHAKES_MAX || ofAddress >= PENDING_PER_ADDRESS_MAX;
    return isFull ? 'too-many-handshakes' : undefined;
  }

  #urlOf(http: HttpServer): string {
    const { host } = this.settings;
    const scheme = http instanceof HttpsServer ? 'https' : 'http';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`;
  }
}

function isHttpServer(server: unknown): server is HttpServer {
  return typeof (server as HttpServer | undefined)?.address === 'function';
}
