import {
  HEADER_NAME_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX,
  HEADERS_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
} from '../gossip/bundle-content.js';
import type { AckLevel } from '../gossip/message.js';
import { GrapevineError } from '../runtime/errors.js';
import type { PublishingOptions, PublishRequest } from '../subscriptions/publishing.service.js';
import { topicProblem } from '../topics/topic.js';
import { isBytes, jsonProblem } from './json-bounds.js';
import { invalidRequest, type FieldErrors } from './problem.js';

/**
 * The check of what clients publish. It is written by hand because it runs once a message; a test holds it equal to
 * the rules of the DTO that documents it.
 */

export const TTL_MS_MAX = 10 * 365 * 24 * 3_600_000;
const ACK_NODES_MAX = 1_024;
export const PUBLISH_TIMEOUT_MS_MAX = 60_000;
export const PUBLISH_TIMEOUT_MS_DEFAULT = 5_000;

const FIELDS = new Set(['topic', 'message', 'ttlMs', 'headers']);
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a client asks to publish; throws the GrapevineError that says why not. Sizes are checked where it is encoded. */
export function readPublish(value: unknown): PublishRequest {
  if (value instanceof GrapevineError) throw value;
  if (!isObject(value)) throw invalidRequest([{ field: 'body', message: 'must be an object with topic and message' }]);
  const errors: FieldErrors = [];
  for (const field of Object.keys(value)) {
    if (!FIELDS.has(field)) errors.push({ field, message: 'is not known' });
  }
  const { topic, message, ttlMs, headers } = value;
  const topicError = typeof topic === 'string' ? topicProblem(topic) : 'must be a string';
  if (topicError !== undefined) errors.push({ field: 'topic', message: topicError });
  const messageError = publishedValueProblem(message);
  if (messageError !== undefined) errors.push({ field: 'message', message: messageError });
  if (ttlMs !== undefined && !isWholeNumber(ttlMs, 1, TTL_MS_MAX)) {
    errors.push({ field: 'ttlMs', message: `must be a whole number from 1 to ${TTL_MS_MAX}` });
  }
  if (headers !== undefined) errors.push(...headerErrors(headers));
  const isOnlyTopic = typeof topic === 'string' && topicError !== undefined && errors.length === 1;
  if (errors.length > 0) throw invalidRequest(errors, isOnlyTopic ? 'invalid-topic' : 'invalid-request');
  return {
    topic: topic as string,
    message: isBytesObject(message) ? Buffer.from(message.$bytes, 'base64') : message,
    headers: headers as PublishRequest['headers'],
    ttlMs: ttlMs as number | undefined,
  };
}

/** Why a value cannot be published, or undefined when it can. */
export function publishedValueProblem(message: unknown): string | undefined {
  if (message === undefined) return 'must be given';
  if (isBytes(message)) return undefined;
  if (isBytesObject(message) && !(typeof message.$bytes === 'string' && BASE64.test(message.$bytes))) {
    return 'must hold base64 in "$bytes"';
  }
  return jsonProblem(message);
}

/** `{"$bytes": base64}` stands for bytes; that key alone in an object is reserved for it. */
function isBytesObject(message: unknown): message is { $bytes: string } {
  return isObject(message) && Object.hasOwn(message, '$bytes') && Object.keys(message).length === 1;
}

/** What is wrong with the headers of a message, per header. */
export function headerErrors(headers: unknown): FieldErrors {
  if (!isObject(headers)) return [{ field: 'headers', message: 'must be an object of strings' }];
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

const OPTIONS = new Set(['ack', 'timeoutMs']);

/** How a client wants to be told, from a query (text) or an event (values); throws the GrapevineError that says why not. */
export function readPublishOptions(ask: Readonly<Record<string, unknown>>): PublishingOptions & { ack: AckLevel } {
  const errors: FieldErrors = [];
  for (const field of Object.keys(ask)) {
    if (!OPTIONS.has(field)) errors.push({ field, message: 'is not known' });
  }
  const ack = readAck(ask['ack']);
  if (ack === undefined) {
    errors.push({ field: 'ack', message: `must be local, all or a number from 1 to ${ACK_NODES_MAX}` });
  }
  const timeoutMs = ask['timeoutMs'] === undefined ? PUBLISH_TIMEOUT_MS_DEFAULT : numberOf(ask['timeoutMs']);
  if (!isWholeNumber(timeoutMs, 1, PUBLISH_TIMEOUT_MS_MAX)) {
    errors.push({ field: 'timeoutMs', message: `must be a whole number from 1 to ${PUBLISH_TIMEOUT_MS_MAX}` });
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return { ack: ack as AckLevel, timeoutMs: timeoutMs as number, whenFull: 'refuse' };
}

function readAck(ack: unknown): AckLevel | undefined {
  if (ack === undefined || ack === 'local') return 'local';
  if (ack === 'all') return 'all';
  const nodes = numberOf(ack);
  return isWholeNumber(nodes, 1, ACK_NODES_MAX) ? nodes : undefined;
}

/** The value of an Idempotency-Key header or field; throws when it cannot be one. */
export function readIdempotencyKey(key: unknown): string | undefined {
  if (key === undefined) return undefined;
  // Leaves room for what tells the messages of a batch apart.
  const charactersMax = IDEMPOTENCY_KEY_BYTES_MAX - 15;
  if (typeof key !== 'string' || key.length > charactersMax || !IDEMPOTENCY_KEY.test(key)) {
    const message = `must have 1 to ${charactersMax} visible ASCII characters`;
    throw invalidRequest([{ field: 'Idempotency-Key', message }]);
  }
  return key;
}

/** Digits as the number they stand for, anything else as it is. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function isWholeNumber(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isBytes(value);
}
