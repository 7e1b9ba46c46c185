import { Injectable } from '@nestjs/common';
import type { Message } from '../gossip/message.js';
import type { ClientSubscriber, Known } from './client-subscriber.js';
import type { After } from './starting-point.js';
import type { Sink } from './subscriber.js';

/** The answer to a node's own subscribe and unsubscribe. */
export interface NodeSubscription {
  /** False when the node had the subscription already (or, for unsubscribe, had none). */
  readonly isChange: boolean;
  readonly topic: string;
  /** The node's own topics and patterns, sorted; not its clients'. */
  readonly subscriptions: readonly string[];
  /** Who knows of the change. */
  readonly known: Known;
}

/** A page of retained messages in this node's order of arrival. */
export interface MessagePage {
  readonly items: readonly Message[];
  /** A cursor, good for the next page and at any later time. */
  readonly next: string;
}

/** Who is subscribed to what: the node itself, its clients and its handlers; and what each of them still has to get. */
@Injectable()
export class SubscriptionsService {
  /** The node's own topics and patterns, sorted. */
  get subscriptions(): readonly string[] {
    return [];
  }

  /**
   * Subscribes the node itself, until it unsubscribes, over restarts. Waits up to `timeoutMs` for all live nodes to know and,
   * with `after`, for the history they hold. GrapevineError `invalid-pattern`, `invalid-cursor` or `draining`.
   */
  subscribe(pattern: string, options: { after?: After | undefined; timeoutMs: number }): Promise<NodeSubscription> {
    return Promise.reject(new Error(`not there yet: ${pattern} ${options.timeoutMs}`));
  }

  /** Ends the node's own subscription; its clients keep theirs. */
  unsubscribe(pattern: string, options: { timeoutMs: number }): Promise<NodeSubscription> {
    return Promise.reject(new Error(`not there yet: ${pattern} ${options.timeoutMs}`));
  }

  /** A new client without any topic; its sink is asked nothing before the first `subscribe`. */
  openClient(sink: Sink): ClientSubscriber {
    throw new Error(`not there yet: ${typeof sink}`);
  }

  /**
   * What this node has of a topic, after a cursor, repeats and expired messages left out. GrapevineError `no-interest` unless the node or
   * a client of it is subscribed to the topic, `invalid-topic`, `invalid-cursor`.
   */
  page(topic: string, options: { after?: After | undefined; limit: number }): MessagePage {
    throw new Error(`not there yet: ${topic} ${options.limit}`);
  }
}
