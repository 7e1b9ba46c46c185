import { Injectable } from '@nestjs/common';
import type { MessageView, ReceiptView } from './api/message-view.js';
import type { AckLevel, Gap } from './gossip/message.js';
import type { Known } from './subscriptions/client-subscriber.js';
import type { After } from './subscriptions/starting-point.js';
import type { NodeStatus } from './subscriptions/status.service.js';

/** A message as a handler gets it; `message` is the JSON value or the bytes (Uint8Array) that were published. */
export type GrapevineMessage = MessageView;

/** Where a message went, and how many logs hold it. */
export type GrapevineReceipt = ReceiptView;

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

export type GrapevineHandler = (message: GrapevineMessage) => unknown;

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
  readonly known: Known;
  /** Whether all after the starting point was still to be had. */
  readonly recovered: boolean;
  /** Where the handler stands: resuming with it misses nothing. */
  cursor(): string;
  /** Resolves when the handler has finished; a durable subscription is forgotten with its cursor. */
  unsubscribe(): Promise<void>;
}

/** A node's publish-subscribe for the application around it. */
@Injectable()
export class Grapevine {
  publish(topic: string, message: unknown, options: GrapevinePublishOptions = {}): Promise<GrapevineReceipt> {
    return Promise.reject(new Error(`not there yet: ${topic} ${typeof message} ${options.ack}`));
  }

  /** Resolves when the live nodes know, or the time is over. */
  subscribe(
    topic: string,
    handler: GrapevineHandler,
    options: GrapevineSubscribeOptions = {},
  ): Promise<GrapevineSubscription> {
    return Promise.reject(new Error(`not there yet: ${topic} ${typeof handler} ${options.durable}`));
  }

  /** Ends all subscriptions of `topic` that this service made, or only the one of `handler`. */
  unsubscribe(topic: string, handler?: GrapevineHandler): Promise<void> {
    return Promise.reject(new Error(`not there yet: ${topic} ${typeof handler}`));
  }

  status(): NodeStatus {
    throw new Error('not there yet');
  }

  /** Takes the node out of service in order; publishing is refused afterwards. Idempotent. */
  drain(): Promise<void> {
    return Promise.resolve();
  }
}
