import { Injectable } from '@nestjs/common';
import type { AckLevel, Gap } from './gossip/bundles/message.js';
import type { Receipt } from './gossip/publishing/receipt.js';
import type { KnownCount } from './peers/peers-listener.js';
import { NodeLogger } from './runtime/node-logger.service.js';
import { DrainService } from './subscriptions/drain.service.js';
import { HandlersService } from './subscriptions/handlers.service.js';
import { messageView, type MessageView } from './subscriptions/message-view.js';
import { SUBSCRIBE_TIMEOUT_MS_DEFAULT } from './subscriptions/open-subscriber.js';
import { PublishingService } from './subscriptions/publishing.service.js';
import type { After } from './subscriptions/starting-point.js';
import { StatusService, type NodeStatus } from './subscriptions/status.service.js';

/** A message as a handler gets it; `message` is the JSON value or the bytes (Uint8Array) that were published. */
export type GrapevineMessage = MessageView;

/** Where a message went, and how many logs hold it. */
export type GrapevineReceipt = Receipt;

/** How a message is published; all of it may be left out. */
export interface GrapevinePublishOptions {
  /** How many logs must hold the message before the promise resolves. Default `local`. */
  readonly ack?: AckLevel;
  /** Longest wait for that, and for receivers that do not keep up. Default 5,000. */
  readonly timeoutMs?: number;
  /** How long after it was published it is worth delivering. Default: for ever. */
  readonly ttlMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same key with the same message gives the first receipt again; repeats are suppressed at subscribers for 10 minutes. */
  readonly idempotencyKey?: string;
}

/** Called for one message at a time; the next one waits for what it returns. */
export type GrapevineHandler = (message: GrapevineMessage) => unknown;

/** Where a handler begins, and what becomes of what it cannot handle. */
export interface GrapevineSubscribeOptions {
  /** `retained`, a cursor, or `{stream: seq}`. Default: what is published from now on. */
  readonly after?: After;
  /** Keeps the cursor under this name once the handler's promise resolved, and goes on there after a restart. */
  readonly durable?: string;
  /** A handler that fails is tried so often, with growing pauses, before `onError`. Default 5. */
  readonly attempts?: number;
  /** Told when a message was given up. Default: a line in the log. */
  readonly onError?: (error: unknown, message: GrapevineMessage) => void;
  /** Told about messages that cannot be had any more. Default: a line in the log. */
  readonly onGap?: (gap: Gap) => void;
  /** Longest wait for the live nodes to know, and for the history they hold. Default 1,000. */
  readonly timeoutMs?: number;
}

/** A handler's subscription. */
export interface GrapevineSubscription {
  readonly topic: string;
  /** How many of the live nodes knew when `subscribe` resolved. */
  readonly known: KnownCount;
  /** Whether all after the starting point was still to be had. */
  readonly recovered: boolean;
  /** Where the handler stands: resuming with it misses nothing. */
  cursor(): string;
  /** No further message is begun; a durable subscription is forgotten with its cursor. */
  unsubscribe(): Promise<void>;
}

const ATTEMPTS = 5;

/** A node's publish-subscribe for the application around it. */
@Injectable()
export class Grapevine {
  readonly #subscriptions = new Map<GrapevineSubscription, GrapevineHandler>();

  constructor(
    private readonly publishing: PublishingService,
    private readonly handlers: HandlersService,
    private readonly nodeStatus: StatusService,
    private readonly drainService: DrainService,
    private readonly logger: NodeLogger,
  ) {}

  /**
   * Publishes a JSON value or bytes. GrapevineError `invalid-topic`, `invalid-request`, `too-large`, `idempotency-mismatch`,
   * `overloaded`, `draining`, `store-full`, `too-many-topics`, or `ack-timeout` with what is confirmed so far.
   */
  publish(topic: string, message: unknown, options: GrapevinePublishOptions = {}): Promise<GrapevineReceipt> {
    const { ttlMs, headers, idempotencyKey, ack, timeoutMs } = options;
    const request = { topic, message, ttlMs, headers, idempotencyKey };
    return this.publishing.publish(request, { ack, timeoutMs, whenFull: 'wait' });
  }

  /**
   * Runs `handler` for each message of a topic or pattern, one after the other. Resolves when the live nodes know, or the time is
   * over. GrapevineError `invalid-pattern`, `invalid-cursor`, `invalid-request`, `too-many-subscriptions` or `draining`.
   */
  async subscribe(
    topic: string,
    handler: GrapevineHandler,
    options: GrapevineSubscribeOptions = {},
  ): Promise<GrapevineSubscription> {
    const { after, durable, attempts = ATTEMPTS, timeoutMs = SUBSCRIBE_TIMEOUT_MS_DEFAULT, onError, onGap } = options;
    const made = await this.handlers.subscribe(topic, {
      after,
      durable,
      attempts,
      timeoutMs,
      handler: (message) => handler(messageView(message)),
      onError: (error, message) => this.#guarded(() => this.#gaveUp(error, messageView(message), onError)),
      onGap: (gap) => this.#guarded(() => this.#lost(gap, onGap)),
    });
    const subscription: GrapevineSubscription = {
      ...made,
      unsubscribe: () => {
        this.#subscriptions.delete(subscription);
        return made.unsubscribe();
      },
    };
    this.#subscriptions.set(subscription, handler);
    return subscription;
  }

  /** Ends all subscriptions of `topic` that this service made, or only those of `handler`. */
  async unsubscribe(topic: string, handler?: GrapevineHandler): Promise<void> {
    const ending = [...this.#subscriptions].filter(
      ([subscription, its]) => subscription.topic === topic && (handler === undefined || its === handler),
    );
    await Promise.all(ending.map(([subscription]) => subscription.unsubscribe()));
  }

  status(): NodeStatus {
    return this.nodeStatus.status();
  }

  /**
   * Takes the node out of service in order: handlers finish, messages on their way arrive, the cluster is told. Publishing is
   * refused from the beginning. Idempotent.
   */
  drain(): Promise<void> {
    return this.drainService.drain();
  }

  #gaveUp(error: unknown, message: GrapevineMessage, onError: GrapevineSubscribeOptions['onError']): void {
    if (onError !== undefined) return onError(error, message);
    this.logger.error('handler.gave-up', { error, topic: message.topic, message: message.id });
  }

  #lost(gap: Gap, onGap: GrapevineSubscribeOptions['onGap']): void {
    if (onGap !== undefined) return onGap(gap);
    const { stream, from, to, reason } = gap;
    this.logger.warn('handler.gap', { topic: stream.topic, stream: stream.id, from, to, reason });
  }

  /** The application's callbacks must not stop its messages. */
  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.logger.error('handler.callback-failed', { error });
    }
  }
}
