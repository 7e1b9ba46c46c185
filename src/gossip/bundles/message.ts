import type { KeyId } from '../../crypto/topic-keys.js';
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

/** The messages of a bundle, or why there are none: its key is missing and asked for, or they are not to be had. */
export type Opened = readonly Message[] | 'awaited' | 'lost';

/** A bundle as it is read from the log; `arrival` is its place in this node's order. */
export interface OpenedBundle {
  readonly stream: Stream;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly arrival: number;
  readonly opened: Opened;
}

/** A part of a stream, in order. */
export interface StreamPart {
  readonly messages: readonly Message[];
  /** Where to read on; no further than asked for when there is nothing more. */
  readonly nextSeq: number;
  /** Set when the key of what comes next is asked for. */
  readonly awaitedKey?: KeyId | undefined;
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
