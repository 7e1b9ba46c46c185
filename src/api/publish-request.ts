import { isWholeNumber } from '../config/setting-rules.js';
import { IDEMPOTENCY_KEY_BYTES_MAX } from '../gossip/bundles/bundle-content.js';
import type { AckLevel } from '../gossip/bundles/message.js';
import { GrapevineError, invalidRequest } from '../runtime/errors.js';
import {
  idempotencyKeyProblem,
  invalidPublication,
  publicationErrors,
  PUBLISH_TIMEOUT_MS_DEFAULT,
  type PublishingOptions,
  type PublishRequest,
} from '../subscriptions/publication.js';
import { isBytes, isObject, jsonProblem } from './json-bounds.js';
import { fromDigits } from './query-number.js';

/**
 * The check of what clients publish. It is written by hand because it runs once a message; a test holds it equal to
 * the rules of the DTO that documents it.
 */

/** Logs that a client may ask for. */
const ACK_NODES = { min: 1, max: 1_024 };

/** How long a client may ask to wait. */
export const PUBLISH_TIMEOUT_MS = { min: 1, max: 60_000 };

/** Room in an idempotency key for what tells the messages of a batch apart. */
const BATCH_SUFFIX_BYTES = 15;

const FIELDS = new Set(['topic', 'message', 'ttlMs', 'headers']);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a client asks to publish; throws the GrapevineError that says why not. Sizes are checked where it is encoded. */
export function readPublish(value: unknown, idempotencyKey?: string): PublishRequest {
  if (value instanceof GrapevineError) throw value;
  if (!isObject(value)) throw invalidRequest([{ field: 'body', message: 'must be an object with topic and message' }]);
  const { topic, message, ttlMs, headers } = value;
  const errors = [...unknownFields(value, FIELDS), ...publicationErrors(value, publishedValueProblem(message))];
  if (errors.length > 0) throw typeof topic === 'string' ? invalidPublication(errors) : invalidRequest(errors);
  return {
    topic: topic as string,
    message: isBytesObject(message) ? Buffer.from(message.$bytes, 'base64') : message,
    headers: headers as PublishRequest['headers'],
    ttlMs: ttlMs as number | undefined,
    idempotencyKey,
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

const OPTIONS = new Set(['ack', 'timeoutMs']);

/** How a client wants to be told, from a query (text) or an event (values); throws the GrapevineError that says why not. */
export function readPublishOptions(ask: Readonly<Record<string, unknown>>): PublishingOptions & { ack: AckLevel } {
  const errors = unknownFields(ask, OPTIONS);
  const ack = readAck(ask['ack']);
  if (ack === undefined) {
    errors.push({ field: 'ack', message: `must be local, all or a number from ${ACK_NODES.min} to ${ACK_NODES.max}` });
  }
  const { timeoutMs: asked = PUBLISH_TIMEOUT_MS_DEFAULT } = ask;
  const timeoutMs = fromDigits(asked);
  if (!isWholeNumber(timeoutMs, PUBLISH_TIMEOUT_MS)) {
    const { min, max } = PUBLISH_TIMEOUT_MS;
    errors.push({ field: 'timeoutMs', message: `must be a whole number from ${min} to ${max}` });
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return { ack: ack as AckLevel, timeoutMs: timeoutMs as number, whenFull: 'refuse' };
}

function readAck(ack: unknown): AckLevel | undefined {
  if (ack === undefined || ack === 'local') return 'local';
  if (ack === 'all') return 'all';
  const nodes = fromDigits(ack);
  return isWholeNumber(nodes, ACK_NODES) ? nodes : undefined;
}

/** The value of an Idempotency-Key header or field; throws when it cannot be one. */
export function readIdempotencyKey(key: unknown): string | undefined {
  if (key === undefined) return undefined;
  const message = idempotencyKeyProblem(key, IDEMPOTENCY_KEY_BYTES_MAX - BATCH_SUFFIX_BYTES);
  if (message !== undefined) throw invalidRequest([{ field: 'Idempotency-Key', message }]);
  return key as string;
}

/** Fields that nobody asked for, each an error. */
export function unknownFields(given: object, known: ReadonlySet<string>): { field: string; message: string }[] {
  const unknown = Object.keys(given).filter((field) => !known.has(field));
  return unknown.map((field) => ({ field, message: 'is not known' }));
}
