import type { Message } from '../gossip/bundles/message.js';
import type { Cursor } from './cursor.js';
import type { After } from './starting-point.js';

/** What a client learns when a topic or pattern was added. */
export interface Subscribed {
  readonly topic: string;
  /** Where the client stands: resuming with it repeats and misses nothing. */
  readonly cursor: string;
  /** Whether all after the starting point was still to be had. */
  readonly recovered: boolean;
}

/** One connected client: a socket or an event stream, with as many topics and patterns as it wants; each message comes once. */
export interface ClientSubscriber {
  /** The topics and patterns, in the order they were added. */
  readonly patterns: readonly string[];
  /**
   * Adds a topic or pattern, from `after` as the client gave it; default: what is published from now on. Its messages come after
   * this has resolved, history first. GrapevineError `invalid-pattern`, `invalid-cursor`, `too-many-subscriptions` or `draining`.
   */
  subscribe(pattern: string, options?: { readonly after?: After | undefined }): Promise<Subscribed>;
  /** False when there was none. */
  unsubscribe(pattern: string): boolean;
  /** There is room again after `Sink.deliver` returned false. */
  more(): void;
  /** Where the client stands after all that was given to its sink. */
  cursor(): string;
  /** Where it stands after `message`; to be asked inside `Sink.deliver`, for its messages in order. */
  cursorAfter(message: Message): string;
  /** The same, not yet a token. */
  position(): Cursor;
  /** Idempotent; nothing is delivered afterwards. */
  close(): void;
}
