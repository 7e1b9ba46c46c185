import type { AckLevel, PayloadEncoding } from '../bundles/message.js';

/** What is to be published; the topic is valid, the payload within its bound. */
export interface PublishInput {
  readonly topic: string;
  /** UTF-8 JSON text, or bytes as they are. */
  readonly payload: Uint8Array;
  readonly encoding: PayloadEncoding;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly ttlMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
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
