import type { ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Alarms, type Alarm } from '../runtime/alarms.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import type { ClientSubscriber } from '../subscriptions/client-subscriber.js';
import { DrainService } from '../subscriptions/drain.service.js';
import { MessageViews } from '../subscriptions/message-view.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { grantOf, type Caller } from './auth/caller.js';
import { ClientSessions } from './auth/client-sessions.service.js';
import { ClientCounters } from './client-counters.js';
import { EventStreamClient } from './event-stream.client.js';

/** Proxies cut connections that are silent for a minute; a quarter of that leaves room for bad ones. */
const HEARTBEAT_MS = 15_000;

/** Event streams open at a time on one node. */
const EVENT_STREAMS_MAX = 10_000;

/** What a client asks for with `GET /stream`. */
export interface StreamAsk {
  readonly topic: string;
  readonly after: string | undefined;
}

/** All open event streams: opens them, keeps them alive, and ends them when the node drains. */
@Injectable()
export class EventStreams implements OnApplicationShutdown {
  readonly #open = new Set<EventStreamClient>();
  readonly #heartbeat: Alarm;

  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly views: MessageViews,
    private readonly counters: ClientCounters,
    private readonly sessions: ClientSessions,
    private readonly clock: SystemClock,
    alarms: Alarms,
    drain: DrainService,
  ) {
    this.#heartbeat = alarms.create('event-stream-heartbeat', () => this.#beat());
    drain.attach({ draining: ({ retryAfterMs }) => this.#endAll(retryAfterMs) });
  }

  /** Turns a response into an event stream; throws, with nothing written yet, when it cannot be. */
  async open(ask: StreamAsk, caller: Caller, response: ServerResponse): Promise<void> {
    if (this.#open.size >= EVENT_STREAMS_MAX) {
      throw new GrapevineError('too-many-requests', `The node has ${EVENT_STREAMS_MAX} event streams open.`);
    }
    const client: EventStreamClient = new EventStreamClient(
      response,
      grantOf(caller),
      this.views,
      this.counters,
      () => subscriber,
    );
    const subscriber: ClientSubscriber = this.subscriptions.openClient(client);
    this.#add(client);
    const close = (): void => {
      subscriber.close();
      this.#remove(client);
    };
    response.once('close', close);
    try {
      const subscribed = await subscriber.subscribe(ask.topic, { after: ask.after });
      if (!response.destroyed && !response.writableEnded) client.open(subscribed, Boolean(ask.after));
    } catch (error) {
      response.removeListener('close', close);
      close();
      throw error;
    }
  }

  onApplicationShutdown(): void {
    this.#endAll(0);
  }

  #add(client: EventStreamClient): void {
    this.#open.add(client);
    this.sessions.add(client);
    this.counters.connected.stream = this.#open.size;
    if (this.#open.size === 1) this.#heartbeat.set(this.clock.monotonicMs() + HEARTBEAT_MS);
  }

  #remove(client: EventStreamClient): void {
    this.#open.delete(client);
    this.sessions.remove(client);
    this.counters.connected.stream = this.#open.size;
    if (this.#open.size === 0) this.#heartbeat.clear();
  }

  #beat(): void {
    for (const client of this.#open) client.heartbeat();
    this.#heartbeat.set(this.clock.monotonicMs() + HEARTBEAT_MS);
  }

  #endAll(retryAfterMs: number): void {
    for (const client of this.#open) client.draining(retryAfterMs);
  }
}
