import { createHash } from 'node:crypto';
import {
  HEADER_NAME_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX,
  HEADERS_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
} from '../gossip/bundle-content.js';
import type { PublishInput } from '../gossip/publish.js';
import { GrapevineError } from '../runtime/errors.js';
import { topicProblem } from '../topics/topic.js';

export interface PublishRequest {
  readonly topic: string;
  /** A JSON value, or bytes. */
  readonly message: unknown;
  readonly ttlMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same key with the same request gives the first receipt again, for ten minutes. */
  readonly idempotencyKey?: string | undefined;
}

/** The request as gossip takes it. GrapevineError `invalid-topic`, `invalid-request` or `too-large`. */
export function encodePublication(request: PublishRequest, messageBytesMax: number): PublishInput {
  const { topic, message, ttlMs, headers, idempotencyKey } = request;
  const problem = typeof topic === 'string' ? topicProblem(topic) : 'a topic is a string';
  if (problem !== undefined) throw new GrapevineError('invalid-topic', problem);
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0)) {
    throw new GrapevineError('invalid-request', 'ttlMs must be a whole number above 0');
  }
  if (headers !== undefined) checkHeaders(headers);
  if (idempotencyKey !== undefined && !isTextWithin(idempotencyKey, IDEMPOTENCY_KEY_BYTES_MAX)) {
    throw new GrapevineError('invalid-request', `an idempotency key has 1 to ${IDEMPOTENCY_KEY_BYTES_MAX} bytes`);
  }
  const isBytes = message instanceof Uint8Array;
  const payload = isBytes ? message : encodeJson(message);
  if (payload.length > messageBytesMax) {
    throw new GrapevineError('too-large', `the message has ${payload.length} bytes, more than ${messageBytesMax}`, {
      errors: [{ field: 'message', message: `must not have more than ${messageBytesMax} bytes` }],
    });
  }
  return { topic, payload, encoding: isBytes ? 'bytes' : 'json', headers, ttlMs, idempotencyKey };
}

/** Equal for equal publications. */
export function fingerprintOf({ topic, payload, encoding, headers = {}, ttlMs }: PublishInput): string {
  const sorted = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
  const fields = JSON.stringify([topic, encoding, ttlMs, sorted]);
  return createHash('sha256').update(fields).update(payload).digest('base64');
}

function encodeJson(message: unknown): Buffer {
  let text: string | undefined;
  try {
    text = JSON.stringify(message) as string | undefined;
  } catch (cause) {
    throw new GrapevineError('invalid-request', `the message is no JSON value: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined) throw new GrapevineError('invalid-request', 'the message is neither a JSON value nor bytes');
  return Buffer.from(text, 'utf8');
}

function checkHeaders(headers: Readonly<Record<string, unknown>>): void {
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX) {
    throw new GrapevineError('invalid-request', `a message has at most ${HEADERS_MAX} headers`);
  }
  for (const [name, value] of entries) {
    const isValue = value === '' || isTextWithin(value, HEADER_VALUE_BYTES_MAX);
    if (isTextWithin(name, HEADER_NAME_BYTES_MAX) && isValue) continue;
    const bounds = `names up to ${HEADER_NAME_BYTES_MAX} and values up to ${HEADER_VALUE_BYTES_MAX} bytes`;
    throw new GrapevineError('invalid-request', `headers are strings, ${bounds}`);
  }
}

function isTextWithin(text: unknown, bytesMax: number): boolean {
  if (typeof text !== 'string' || text.length === 0 || text.length > bytesMax) return false;
  return text.isWellFormed() && Buffer.byteLength(text) <= bytesMax;
}
