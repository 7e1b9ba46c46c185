import type { ServerResponse } from 'node:http';
import type { Gap, Message } from '../gossip/bundles/message.js';
import { GrapevineError } from '../runtime/errors.js';
import type { ClientSubscriber, Subscribed } from '../subscriptions/client-subscriber.js';
import type { MessageViews } from '../subscriptions/message-view.js';
import type { Sink } from '../subscriptions/subscriber.js';
import type { ClientSession } from './auth/client-sessions.service.js';
import type { Grant } from './auth/grant.js';
import type { ClientCounters } from './client-counters.js';
import { problemOf } from './problem.js';
import { cursorOnly, HEARTBEAT, messageEvent, namedEvent, retryAfter } from './sse.js';

/** How long a client that was told its last may take to read it. */
const LAST_WORDS_MS = 5_000;

/** One open event stream. Its outbox is the subscriber's; here waits only what the connection has not taken yet. */
export class EventStreamClient implements Sink, ClientSession {
  #isOpen = false;
  #isEnded = false;
  /** What came before the head was written. */
  #early = '';

  constructor(
    private readonly response: ServerResponse,
    readonly grant: Grant,
    private readonly views: MessageViews,
    private readonly counters: ClientCounters,
    private readonly subscriber: () => ClientSubscriber,
  ) {
    response.on('drain', () => this.subscriber().more());
  }

  /** Sends the head and where the stream begins. */
  open(subscribed: Subscribed, isResumed: boolean): void {
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.response.write(HEARTBEAT + cursorOnly(subscribed.cursor));
    if (isResumed) this.response.write(namedEvent('recovered', { recovered: subscribed.recovered }));
    // Cut, or the node began to drain, while the subscription was being made.
    if (this.#isEnded) return void this.response.end();
    this.#isOpen = true;
    if (this.#early !== '' && this.#write(this.#early)) this.subscriber().more();
    this.#early = '';
  }

  deliver(messages: readonly Message[]): boolean {
    const subscriber = this.subscriber();
    const events = messages.map((message) => messageEvent(subscriber.cursorAfter(message), this.views.json(message)));
    this.counters.messagesOut.stream += messages.length;
    return this.#write(events.join(''));
  }

  gap(gap: Gap): void {
    this.counters.gaps.stream++;
    this.#write(namedEvent('gap', this.views.gap(gap)));
  }

  cut(): void {
    this.counters.cut.stream++;
    const error = new GrapevineError('overloaded', 'The client reads too slowly; it may resume from its last event.');
    this.#end(namedEvent('cut', problemOf(error)));
  }

  expired(reason: GrapevineError): void {
    this.counters.expired.stream++;
    this.subscriber().close();
    this.#end(namedEvent('cut', problemOf(reason)));
  }

  draining(retryAfterMs: number): void {
    this.#end(retryAfter(retryAfterMs) + namedEvent('draining', { retryAfterMs }));
  }

  heartbeat(): void {
    // A connection that still has to take what it was given needs no proof of life.
    if (this.#isOpen && !this.response.writableNeedDrain) this.response.write(HEARTBEAT);
  }

  /** False when the connection should be given time to take it. */
  #write(events: string): boolean {
    if (this.#isOpen) return this.response.write(events);
    if (!this.#isEnded) this.#early += events;
    return false;
  }

  #end(lastWords: string): void {
    this.#isEnded = true;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.response.setTimeout(LAST_WORDS_MS, () => this.response.destroy());
    this.response.end(lastWords);
  }
}
