import { Injectable, type Type } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Settings } from '../config/settings.js';
import { GrapevineError } from '../runtime/errors.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { DrainService } from '../subscriptions/drain.service.js';
import { MessageViews } from '../subscriptions/message-view.js';
import { MessageFrames } from './message-frames.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { ClientAccess, socketToken } from './auth/access.service.js';
import { assertGranted, grantOf } from './auth/caller.js';
import { ClientSessions } from './auth/client-sessions.service.js';
import { isGranted } from './auth/grant.js';
import { boundedParser } from './bounded-parser.adapter.js';
import { ClientCounters } from './client-counters.js';
import { ClientPublishing, type Ask } from './client-publishing.service.js';
import { readAuthenticate, readPublishAsk, readSubscribe, readUnsubscribe } from './event-request.js';
import { EVENTS_NAMESPACE, type Answer, type Refusal } from './events.js';
import { callerOf, SocketDoor } from './http/socket-door.service.js';
import { ClientLimits, type Limited } from './limits/client-limits.service.js';
import { asGrapevineError, problemOf } from './problem.js';
import { SocketClient } from './socket.client.js';
import { assertPattern } from './topic-request.js';

const EVENTS: ReadonlySet<unknown> = new Set(['subscribe', 'unsubscribe', 'publish', 'authenticate']);

/** How long a connection may take to say which namespace it wants. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Clients over Socket.IO: subscribe, unsubscribe, publish, and messages as they come. Whatever they send, the answer is data. */
@Injectable()
export class EventsGateway
  implements OnGatewayInit<Namespace>, OnGatewayConnection<Socket>, OnGatewayDisconnect<Socket>
{
  readonly #clients = new Map<Socket, SocketClient>();
  readonly #frames: MessageFrames;

  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly publishing: ClientPublishing,
    private readonly views: MessageViews,
    private readonly counters: ClientCounters,
    private readonly door: SocketDoor,
    private readonly access: ClientAccess,
    private readonly limits: ClientLimits,
    private readonly sessions: ClientSessions,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    drain: DrainService,
  ) {
    this.#frames = new MessageFrames(views);
    drain.attach({ draining: ({ retryAfterMs }) => this.#clients.forEach((client) => client.draining(retryAfterMs)) });
  }

  afterInit(namespace: Namespace): void {
    this.door.watch(namespace);
  }

  handleConnection(socket: Socket): void {
    const caller = callerOf(socket);
    const texts = { views: this.views, frames: this.#frames };
    const client: SocketClient = new SocketClient(socket, caller, texts, this.counters, () => subscriber);
    const subscriber = this.subscriptions.openClient(client);
    this.#clients.set(socket, client);
    this.sessions.add(client);
    this.counters.connected.socket = this.#clients.size;
    socket.use((event, next) => {
      if (EVENTS.has(event[0])) return next();
      const error = new GrapevineError('not-found', 'There is no such event.');
      const acknowledge: unknown = event.at(-1);
      if (typeof acknowledge === 'function') acknowledge(refusal(error));
      client.refused(error, this.clock.monotonicMs());
    });
    // What the parser refuses ends here; Socket.IO closes the connection itself.
    socket.on('error', () => void this.counters.refused.malformed++);
  }

  handleDisconnect(socket: Socket): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    client.subscriber().close();
    this.sessions.remove(client);
    this.#clients.delete(socket);
    this.counters.connected.socket = this.#clients.size;
  }

  @SubscribeMessage('subscribe')
  subscribe(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, 'subscriptions', async (client) => {
      const { topic, after, isBatched } = readSubscribe(payload);
      assertPattern(topic);
      assertGranted(client.caller, 'subscribe', topic);
      const isNew = !client.subscriber().patterns.includes(topic);
      // Known before the first message of it can come.
      client.subscribed(topic, isBatched);
      try {
        return { ok: true, ...(await client.subscriber().subscribe(topic, { after })) };
      } catch (error) {
        if (isNew) client.unsubscribed(topic);
        throw error;
      }
    });
  }

  @SubscribeMessage('unsubscribe')
  unsubscribe(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, 'subscriptions', (client) => {
      const topic = readUnsubscribe(payload);
      client.subscriber().unsubscribe(topic);
      client.unsubscribed(topic);
      return Promise.resolve({ ok: true, topic });
    });
  }

  @SubscribeMessage('publish')
  publish(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, 'requests', async ({ caller }) => {
      if (!Array.isArray(payload)) {
        return { ok: true, ...(await this.publishing.publish(readPublishAsk(payload), caller)) };
      }
      return { ok: true, items: await this.publishing.publishAll(payload.map(askOrProblem), caller) };
    });
  }

  /** A fresh token for a connection that is to go on; subscriptions that it does not grant end. */
  @SubscribeMessage('authenticate')
  authenticate(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, 'requests', async (client) => {
      const token = socketToken(readAuthenticate(payload), undefined);
      const caller = await this.access.identify(token, socket.handshake.address);
      const grant = grantOf(caller);
      client.caller = caller;
      const ended = client.subscriber().patterns.filter((pattern) => !isGranted(grant, 'subscribe', pattern));
      for (const pattern of ended) {
        client.subscriber().unsubscribe(pattern);
        client.unsubscribed(pattern);
      }
      const { expiresAtMs } = grant;
      const expiresAt = expiresAtMs === Infinity ? null : new Date(expiresAtMs).toISOString();
      return { ok: true, expiresAt, ended };
    });
  }

  /** Counts an event, does what it asks for, and answers with what came of it. */
  async #answer(socket: Socket, what: Limited, work: (client: SocketClient) => Promise<Answer>): Promise<Answer> {
    const client = this.#clients.get(socket);
    if (client === undefined) return refusal(new GrapevineError('draining', 'The socket is being closed.'));
    if (!client.begin()) {
      const error = new GrapevineError('too-many-requests', 'Too many requests of this socket are open.');
      client.answered(1);
      client.refused(error, this.clock.monotonicMs());
      this.counters.refuse(error.code);
      return refusal(error);
    }
    try {
      this.limits.take(what, client.caller.client);
      const answer = await work(client);
      client.answered(answer.ok && Array.isArray(answer['items']) ? answer['items'].length : 1);
      return answer;
    } catch (thrown) {
      client.answered(1);
      const error = asGrapevineError(thrown);
      if (error.code === 'internal') this.logger.error('event-failed', { error: thrown });
      if (error.code === 'too-many-requests') client.refused(error, this.clock.monotonicMs());
      this.counters.refuse(error.code);
      return refusal(error);
    } finally {
      client.end();
    }
  }
}

function refusal(error: GrapevineError): Refusal {
  return { ok: false, problem: problemOf(error) };
}

/** What is wrong with one message of a batch is that message's problem. */
function askOrProblem(payload: unknown): Ask {
  try {
    return readPublishAsk(payload);
  } catch (error) {
    return { value: asGrapevineError(error), options: {} };
  }
}

/** The gateway at its place: below the prefix of the API, with the limits and origins of the settings. */
export function eventsGatewayAt(prefix: string, settings: Settings): Type<EventsGateway> {
  const { bodyBytes, corsOrigins } = settings;
  @WebSocketGateway({
    namespace: EVENTS_NAMESPACE,
    path: `${prefix}/socket.io`,
    serveClient: false,
    maxHttpBufferSize: bodyBytes,
    cors: { origin: corsOrigins.includes('*') ? '*' : corsOrigins },
    parser: boundedParser,
    connectTimeout: CONNECT_TIMEOUT_MS,
    perMessageDeflate: false,
    httpCompression: false,
    // Upgrades to other paths are somebody else's when somebody else owns the server.
    destroyUpgrade: prefix === '',
  })
  class MountedEventsGateway extends EventsGateway {}
  return MountedEventsGateway;
}
