/**
 * What is inside a bundle once it is opened: 1 to 1,024 messages one behind the other, each with its payload as the
 * publisher gave it. Opening and sealing are crypto's.
 */
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { BUNDLE_BYTES_MAX, type BundleHeader } from './bundle.js';
import type { Message } from './message.js';

/** Limits of one message besides its payload; the API refuses what is above them. */
export const HEADERS_MAX = 32;
export const HEADER_NAME_BYTES_MAX = 128;
export const HEADER_VALUE_BYTES_MAX = 1_024;
export const IDEMPOTENCY_KEY_BYTES_MAX = 255;

const FLAG_BYTES = 1;
const FLAG_TTL = 2;
const FLAG_HEADERS = 4;
const FLAG_KEY = 8;
const FLAGS_ALL = 15;

const NO_HEADERS: readonly [string, string][] = [];

/** A message on its way into a bundle. */
export type Draft = Pick<Message, 'ttlMs' | 'headers' | 'idempotencyKey' | 'encoding'> & {
  readonly payload: Uint8Array;
};

/** Collects the messages of one bundle; used once. */
export class ContentWriter {
  readonly #writer: ByteWriter;
  #count = 0;
  #expiresAtMs = 0;

  /** `timeMs` becomes the bundle's: when its first message was published. */
  constructor(
    readonly timeMs: number,
    initialBytes = 1_024,
  ) {
    this.#writer = new ByteWriter(initialBytes);
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#writer.length;
  }

  /** How long after `timeMs` the last of the messages expires; undefined when one of them never does. */
  get ttlMs(): number | undefined {
    return this.#expiresAtMs === Infinity ? undefined : Math.max(0, this.#expiresAtMs - this.timeMs);
  }

  append({ ttlMs, headers, idempotencyKey, encoding, payload }: Draft, publishedAtMs: number): void {
    const named = headers === undefined ? NO_HEADERS : Object.entries(headers);
    const flags =
      (encoding === 'bytes' ? FLAG_BYTES : 0) |
      (ttlMs === undefined ? 0 : FLAG_TTL) |
      (named.length === 0 ? 0 : FLAG_HEADERS) |
      (idempotencyKey === undefined ? 0 : FLAG_KEY);
    this.#writer.u8(flags).varint(zigzag(publishedAtMs - this.timeMs));
    if (ttlMs !== undefined) this.#writer.varint(ttlMs);
    if (named.length > 0) {
      this.#writer.varint(named.length);
      for (const [name, value] of named) this.#writer.text(name).text(value);
    }
    if (idempotencyKey !== undefined) this.#writer.text(idempotencyKey);
    this.#writer.block(payload);
    this.#count++;
    this.#expiresAtMs = Math.max(this.#expiresAtMs, ttlMs === undefined ? Infinity : publishedAtMs + ttlMs);
  }

  /** The plaintext of the bundle. */
  finish(): Buffer {
    return this.#writer.finish();
  }
}

/** The messages of an opened bundle; their payloads are views on `plaintext`. */
export function decodeContent(
  plaintext: Buffer,
  bundle: Pick<BundleHeader, 'stream' | 'firstSeq' | 'lastSeq' | 'timeMs'>,
  publisherName: string,
): Decoded<readonly Message[]> {
  const reader = new ByteReader(plaintext);
  const messages: Message[] = [];
  for (let seq = bundle.firstSeq; seq <= bundle.lastSeq && !reader.isFailed; seq++) {
    const flags = reader.u8();
    if (flags > FLAGS_ALL) return refused('message with unknown flags');
    messages.push({
      stream: bundle.stream,
      seq,
      publisherName,
      publishedAtMs: bundle.timeMs + unzigzag(reader.varint()),
      ttlMs: (flags & FLAG_TTL) === 0 ? undefined : reader.varint(),
      headers: (flags & FLAG_HEADERS) === 0 ? undefined : readHeaders(reader),
      idempotencyKey: (flags & FLAG_KEY) === 0 ? undefined : reader.text(IDEMPOTENCY_KEY_BYTES_MAX),
      encoding: (flags & FLAG_BYTES) === 0 ? 'json' : 'bytes',
      payload: reader.block(BUNDLE_BYTES_MAX),
    });
  }
  return reader.isComplete ? decoded(messages) : refused('bundle content does not match its header');
}

function readHeaders(reader: ByteReader): Record<string, string> {
  const entries: [string, string][] = [];
  for (let left = reader.count(HEADERS_MAX); left > 0 && !reader.isFailed; left--) {
    entries.push([reader.text(HEADER_NAME_BYTES_MAX), reader.text(HEADER_VALUE_BYTES_MAX)]);
  }
  return Object.fromEntries(entries);
}

// The wall clock may be stepped back between two messages of a bundle, so a delta has a sign.
function zigzag(delta: number): number {
  return delta < 0 ? -2 * delta - 1 : 2 * delta;
}

function unzigzag(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
}
