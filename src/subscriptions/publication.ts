import { createHash } from 'node:crypto';
import { isWholeNumber } from '../config/setting-rules.js';
import {
  HEADER_NAME_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX,
  HEADERS_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
} from '../gossip/bundles/bundle-content.js';
import type { PublishInput, PublishOptions } from '../gossip/publishing/publish.js';
import { GrapevineError, invalidRequest, type FieldErrors } from '../runtime/errors.js';
import { topicProblem } from '../topics/topic.js';

/** What a user wants to publish. */
export interface PublishRequest {
  readonly topic: string;
  /** A JSON value, or bytes. */
  readonly message: unknown;
  readonly ttlMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same key with the same request gives the first receipt again, for ten minutes. */
  readonly idempotencyKey?: string | undefined;
}

/** How a user wants to be told. Default: `local`, `PUBLISH_TIMEOUT_MS_DEFAULT`, `refuse`. */
export type PublishingOptions = { readonly [Option in keyof PublishOptions]?: PublishOptions[Option] | undefined };

/** Longest wait for a receipt unless the user says otherwise. */
export const PUBLISH_TIMEOUT_MS_DEFAULT = 5_000;

/** Messages may be worth delivering for ten years at most. */
export const TTL_MS = { min: 1, max: 10 * 365 * 24 * 3_600_000 };

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** What is wrong with a request besides its message, of which the caller knows what is wrong; in the order of its fields. */
export function publicationErrors(
  { topic, ttlMs, headers }: { readonly [Field in keyof PublishRequest]?: unknown },
  messageProblem: string | undefined,
): FieldErrors {
  const errors: { field: string; message: string }[] = [];
  const problem = typeof topic === 'string' ? topicProblem(topic) : 'must be a string';
  if (problem !== undefined) errors.push({ field: 'topic', message: problem });
  if (messageProblem !== undefined) errors.push({ field: 'message', message: messageProblem });
  if (ttlMs !== undefined && !isWholeNumber(ttlMs, TTL_MS)) {
    errors.push({ field: 'ttlMs', message: `must be a whole number from ${TTL_MS.min} to ${TTL_MS.max}` });
  }
  if (headers !== undefined) errors.push(...headerErrors(headers));
  return errors;
}

/** The error for what is wrong: `invalid-topic` when that is the topic alone. */
export function invalidPublication(errors: FieldErrors): GrapevineError {
  const isOnlyTopic = errors.every(({ field }) => field === 'topic');
  return invalidRequest(errors, isOnlyTopic ? 'invalid-topic' : 'invalid-request');
}

/** What is wrong with the headers of a message, per header. */
export function headerErrors(headers: unknown): FieldErrors {
  const isRecord = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (!isRecord) return [{ field: 'headers', message: 'must be an object of strings' }];
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX) return [{ field: 'headers', message: `must not be more than ${HEADERS_MAX}` }];
  return entries.flatMap(([name, value]) => {
    const message = headerProblem(name, value);
    return message === undefined ? [] : [{ field: `headers.${name.slice(0, HEADER_NAME_BYTES_MAX)}`, message }];
  });
}

function headerProblem(name: string, value: unknown): string | undefined {
  if (name.length > HEADER_NAME_BYTES_MAX || !HEADER_NAME.test(name) || name === '__proto__') {
    return `must have a name of 1 to ${HEADER_NAME_BYTES_MAX} characters as in HTTP`;
  }
  if (typeof value !== 'string' || !value.isWellFormed() || Buffer.byteLength(value) > HEADER_VALUE_BYTES_MAX) {
    return `must be a string of at most ${HEADER_VALUE_BYTES_MAX} bytes`;
  }
  return undefined;
}

/** Why a value cannot be an idempotency key, or undefined when it can. */
export function idempotencyKeyProblem(key: unknown, charactersMax = IDEMPOTENCY_KEY_BYTES_MAX): string | undefined {
  if (typeof key === 'string' && key.length <= charactersMax && VISIBLE_ASCII.test(key)) return undefined;
  return `must have 1 to ${charactersMax} visible ASCII characters`;
}

/** The request as gossip takes it. GrapevineError `invalid-topic`, `invalid-request` or `too-large`. */
export function encodePublication(request: PublishRequest, messageBytesMax: number): PublishInput {
  const errors = publicationErrors(request, undefined);
  if (errors.length > 0) throw invalidPublication(errors);
  const { topic, message, ttlMs, headers, idempotencyKey } = request;
  const keyProblem = idempotencyKey === undefined ? undefined : idempotencyKeyProblem(idempotencyKey);
  if (keyProblem !== undefined) throw invalidRequest([{ field: 'idempotencyKey', message: keyProblem }]);
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
