import type { Socket } from 'socket.io';
import type { Gap, Message } from '../gossip/bundles/message.js';
import { PatternTree } from '../topics/pattern-tree.js';
import { GrapevineError } from '../runtime/errors.js';
import type { ClientSubscriber } from '../subscriptions/client-subscriber.js';
import type { MessageViews } from '../subscriptions/message-view.js';
import type { Sink } from '../subscriptions/subscriber.js';
import { grantOf, type Caller } from './auth/caller.js';
import type { ClientSession } from './auth/client-sessions.service.js';
import type { Grant } from './auth/grant.js';
import type { ClientCounters } from './client-counters.js';
import { eventText } from './events.js';
import { RateLimit } from './limits/rate-limit.js';
import type { EventForm, MessageFrames } from './message-frames.js';
import { problemOf } from './problem.js';

/** Requests of one socket that are being worked on; further ones are refused. */
const REQUESTS_OPEN_MAX = 4_096;

/** Answers that a socket may leave unread before it is cut; an answer to a batch counts once a message. */
const ANSWERS_UNREAD_MAX = 65_536;

/**
 * Refused requests of one socket, a second; ten times as many at once. Those are more than a socket may have subscriptions: one
 * that comes back with all of them may be refused only for what its neighbours, who are the same client, asked for.
 */
const REFUSALS = { perSecond: 150, clientsMax: 1 };

/** One connected socket. Its outbox is the subscriber's; here waits only what the connection has not taken yet. */
export class SocketClient implements Sink, ClientSession {
  readonly #batched = new PatternTree<true>();
  readonly #single = new PatternTree<true>();
  #isWaiting = false;
  #isCut = false;
  #requestsOpen = 0;
  readonly #refusals = new RateLimit(REFUSALS);
  #answersUnread = 0;

  constructor(
    private readonly socket: Socket,
    public caller: Caller,
    private readonly texts: { readonly views: MessageViews; readonly frames: MessageFrames },
    private readonly counters: ClientCounters,
    readonly subscriber: () => ClientSubscriber,
  ) {
    // Engine.IO says so when it hands its buffer to the transport, which it does once the transport is free again.
    socket.conn.on('drain', () => this.#onDrain());
  }

  /** How the messages of a pattern are sent from now on. */
  subscribed(pattern: string, isBatched: boolean): void {
    this.unsubscribed(pattern);
    (isBatched ? this.#batched : this.#single).add(pattern, true);
  }

  unsubscribed(pattern: string): void {
    this.#batched.delete(pattern, true);
    this.#single.delete(pattern, true);
  }

  deliver(messages: readonly Message[]): boolean {
    if (this.#isCut) return false;
    if (this.#batched.size === 0) this.#sendMessages(messages, 'each');
    else if (this.#single.size === 0) this.#sendMessages(messages, 'together');
    else this.#sendMixed(messages);
    this.counters.messagesOut.socket += messages.length;
    this.#isWaiting = this.#waitingPackets() > 0;
    return !this.#isWaiting;
  }

  gap(gap: Gap): void {
    this.counters.gaps.socket++;
    if (!this.#isCut) this.#send('gap', JSON.stringify(this.texts.views.gap(gap)));
  }

  get grant(): Grant {
    return grantOf(this.caller);
  }

  cut(): void {
    if (!this.#isCut) this.counters.cut.socket++;
    this.#cut(new GrapevineError('overloaded', 'The client reads too slowly; it may resume from what it received.'));
  }

  expired(reason: GrapevineError): void {
    this.counters.expired.socket++;
    this.#cut(reason);
  }

  /** Counts what was refused; who goes on asking for what it is refused is cut. */
  refused(error: GrapevineError, nowMs: number): void {
    if (this.#refusals.take('this', 1, nowMs) === 0) return;
    // After the answers to what was asked so far, which promises bring.
    setImmediate(() => {
      if (!this.#isCut) this.counters.cut.socket++;
      this.#cut(error);
    });
  }

  #cut(error: GrapevineError): void {
    if (this.#isCut) return;
    this.#send('cut', JSON.stringify(problemOf(error)));
    this.#isCut = true;
    this.subscriber().close();
    // Waits for what was sent; a client that never reads it ends with the ping timeout.
    this.socket.disconnect(true);
  }

  draining(retryAfterMs: number): void {
    if (!this.#isCut) this.#send('draining', JSON.stringify({ retryAfterMs }));
  }

  /** False when the client has asked too much at once. */
  begin(): boolean {
    if (this.#requestsOpen >= REQUESTS_OPEN_MAX) return false;
    this.#requestsOpen++;
    return true;
  }

  /** An answer is on its way; who asks and never reads is cut like any slow reader. */
  answered(messages: number): void {
    this.#answersUnread += messages;
    if (this.#answersUnread > ANSWERS_UNREAD_MAX) this.cut();
  }

  end(): void {
    this.#requestsOpen--;
  }

  #onDrain(): void {
    this.#answersUnread = 0;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.subscriber().more();
  }

  #sendMessages(messages: readonly Message[], form: EventForm): void {
    if (messages.length === 0) return;
    const { conn } = this.socket;
    // Over a WebSocket all of it is one write, of bytes that all clients share.
    if (conn.transport.name === 'websocket') conn.send('', preEncoded(this.texts.frames.frames(messages, form)));
    else for (const text of this.texts.frames.texts(messages, form)) conn.send(text);
  }

  /** Keeps the order: a run of messages is sent in one form before the next one. */
  #sendMixed(messages: readonly Message[]): void {
    let run: Message[] = [];
    let form: EventForm = 'each';
    for (const message of messages) {
      const its = this.#batched.matches(message.stream.topic) ? 'together' : 'each';
      if (its !== form) {
        this.#sendMessages(run, form);
        run = [];
        form = its;
      }
      run.push(message);
    }
    this.#sendMessages(run, form);
  }

  /** What Engine.IO holds until the transport is free; its types do not show it. */
  #waitingPackets(): number {
    return (this.socket.conn as unknown as { readonly writeBuffer: readonly unknown[] }).writeBuffer.length;
  }

  // Past Socket.IO's encoder, which would write the same JSON again for each client.
  #send(event: string, json: string): void {
    this.socket.conn.send(eventText(event, json));
  }
}

/** Engine.IO's option for bytes that are frames already, as its own broadcasts use it; its types do not show it. */
function preEncoded(frames: Buffer): Parameters<Socket['conn']['send']>[1] {
  return { wsPreEncodedFrame: [frames] } as Parameters<Socket['conn']['send']>[1];
}
