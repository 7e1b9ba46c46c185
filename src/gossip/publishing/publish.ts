import type { Draft } from '../bundles/bundle-content.js';
import type { AckLevel } from '../bundles/message.js';

/** What is to be published; the topic is valid, the payload UTF-8 JSON text or bytes as they are, all within their bounds. */
export interface PublishInput extends Draft {
  readonly topic: string;
}

/** How the publisher is to be told. */
export interface PublishOptions {
  /** How many logs must hold the message before the receipt is given. */
  readonly ack: AckLevel;
  /** Longest wait for that, and for room when receivers do not keep up. */
  readonly timeoutMs: number;
  /** When receivers do not keep up: wait for room, or refuse at once with `overloaded`. */
  readonly whenFull: 'wait' | 'refuse';
}
