import type { IncomingMessage } from 'node:http';
import { Injectable, type Type } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
} from '@nestjs/websockets';
import type { Socket } from 'socket.io';
import { Settings } from '../config/settings.js';
import { GrapevineError } from '../runtime/errors.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { DrainService } from '../subscriptions/drain.service.js';
import { MessageViews } from '../subscriptions/message-view.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { ClientCounters } from './client-counters.js';
import { ClientPublishing, type Ask } from './client-publishing.service.js';
import { readPublishAsk, readSubscribe, readUnsubscribe } from './event-request.js';
import { EVENTS_NAMESPACE, type Answer, type Refusal } from './events.js';
import { isAllowedOrigin } from './origin.js';
import { asGrapevineError, problemOf } from './problem.js';
import { SocketClient } from './socket.client.js';

const EVENTS: ReadonlySet<unknown> = new Set(['subscribe', 'unsubscribe', 'publish']);

/** Sockets connected at a time to one node. */
const SOCKETS_MAX = 10_000;

/** Clients over Socket.IO: subscribe, unsubscribe, publish, and messages as they come. Whatever they send, the answer is data. */
@Injectable()
export class EventsGateway implements OnGatewayConnection<Socket>, OnGatewayDisconnect<Socket> {
  readonly #clients = new Map<Socket, SocketClient>();

  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly publishing: ClientPublishing,
    private readonly views: MessageViews,
    private readonly counters: ClientCounters,
    private readonly logger: NodeLogger,
    drain: DrainService,
  ) {
    drain.attach({ draining: ({ retryAfterMs }) => this.#clients.forEach((client) => client.draining(retryAfterMs)) });
  }

  handleConnection(socket: Socket): void {
    if (this.#clients.size >= SOCKETS_MAX) return void socket.disconnect(true);
    const client: SocketClient = new SocketClient(socket, this.views, this.counters, () => subscriber);
    const subscriber = this.subscriptions.openClient(client);
    this.#clients.set(socket, client);
    this.counters.connected.socket = this.#clients.size;
    socket.use((event, next) => {
      if (EVENTS.has(event[0])) return next();
      const acknowledge: unknown = event.at(-1);
      if (typeof acknowledge === 'function')
        acknowledge(refusal(new GrapevineError('not-found', 'There is no such event.')));
    });
  }

  handleDisconnect(socket: Socket): void {
    this.#clients.get(socket)?.subscriber().close();
    this.#clients.delete(socket);
    this.counters.connected.socket = this.#clients.size;
  }

  @SubscribeMessage('subscribe')
  subscribe(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, async (client) => {
      const { topic, after, isBatched } = readSubscribe(payload);
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
    return this.#answer(socket, (client) => {
      const topic = readUnsubscribe(payload);
      client.subscriber().unsubscribe(topic);
      client.unsubscribed(topic);
      return Promise.resolve({ ok: true, topic });
    });
  }

  @SubscribeMessage('publish')
  publish(@ConnectedSocket() socket: Socket, @MessageBody() payload: unknown): Promise<Answer> {
    return this.#answer(socket, async () => {
      if (!Array.isArray(payload)) return { ok: true, ...(await this.publishing.publish(readPublishAsk(payload))) };
      return { ok: true, items: await this.publishing.publishAll(payload.map(askOrProblem)) };
    });
  }

  async #answer(socket: Socket, work: (client: SocketClient) => Promise<Answer>): Promise<Answer> {
    const client = this.#clients.get(socket);
    if (client === undefined) return refusal(new GrapevineError('draining', 'The socket is being closed.'));
    if (!client.begin()) {
      client.answered(1);
      return refusal(new GrapevineError('too-many-requests', 'Too many requests of this socket are open.'));
    }
    try {
      const answer = await work(client);
      client.answered(answer.ok && Array.isArray(answer['items']) ? answer['items'].length : 1);
      return answer;
    } catch (thrown) {
      client.answered(1);
      const error = asGrapevineError(thrown);
      if (error.code === 'internal') this.logger.error('event-failed', { error: thrown });
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
    // A page of another site may open a WebSocket anywhere; only this check keeps it from using the node.
    allowRequest: (request: IncomingMessage, decide: (error: string | null, isAllowed: boolean) => void) =>
      decide(null, isAllowedOrigin(request.headers, corsOrigins)),
    // Upgrades to other paths are somebody else's when somebody else owns the server.
    destroyUpgrade: prefix === '',
  })
  class MountedEventsGateway extends EventsGateway {}
  return MountedEventsGateway;
}
