import type { Stream } from './stream.js';

/** How the payload bytes are to be read: UTF-8 JSON text, or bytes as they are. */
export type PayloadEncoding = 'json' | 'bytes';

/** What an application published, as it is delivered: opened, in its stream's order. */
export interface Message {
  readonly stream: Stream;
  readonly seq: number;
  /** NODE_NAME of the publisher; its id is `stream.publisher`. */
  readonly publisherName: string;
  /** Milliseconds since 1970 by the publisher's clock. */
  readonly publishedAtMs: number;
  /** How long after `publishedAtMs` it is worth delivering; undefined is for ever. */
  readonly ttlMs: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Repeats with the same key are suppressed at subscribers. */
  readonly idempotencyKey: string | undefined;
  readonly encoding: PayloadEncoding;
  /** A view on the opened bundle: JSON text or the published bytes. */
  readonly payload: Buffer;
}

/** A message as the log has it; `arrival` is its bundle's place in this node's order. */
export interface LoggedMessage {
  readonly message: Message;
  readonly arrival: number;
}

/** Stream messages that a subscriber will not get: `from` to `to`, both inclusive. */
export interface Gap {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
  readonly reason: 'retention' | 'key' | 'late';
}

/** How many logs must hold a message: the publisher's own, those of all that want it, or so many. */
export type AckLevel = 'local' | 'all' | number;
