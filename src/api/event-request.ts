import { invalidRequest } from '../runtime/errors.js';
import type { After } from '../subscriptions/starting-point.js';
import type { Ask } from './client-publishing.service.js';
import { isObject, jsonProblem } from './json-bounds.js';
import { readIdempotencyKey, readPublishOptions, unknownFields } from './publish-request.js';

/** What a client asks for with `subscribe`. */
export interface SubscribeAsk {
  readonly topic: string;
  readonly after: After | undefined;
  /** Whether the messages of this subscription come together, as `messages`. */
  readonly isBatched: boolean;
}

const SUBSCRIBE_FIELDS = new Set(['topic', 'after', 'batch']);
const UNSUBSCRIBE_FIELDS = new Set(['topic']);
const AUTHENTICATE_FIELDS = new Set(['token']);

/** Reads the payload of `subscribe`; throws the GrapevineError that says why not. */
export function readSubscribe(payload: unknown): SubscribeAsk {
  const object = readObject(payload);
  const { topic, after, batch } = object;
  const errors = unknownFields(object, SUBSCRIBE_FIELDS);
  if (typeof topic !== 'string') errors.push({ field: 'topic', message: 'must be a string' });
  if (batch !== undefined && typeof batch !== 'boolean')
    errors.push({ field: 'batch', message: 'must be true or false' });
  const isAfter = after === undefined || typeof after === 'string' || (typeof after === 'object' && after !== null);
  if (!isAfter) errors.push({ field: 'after', message: 'must be "retained", a cursor or {stream: seq}' });
  if (errors.length > 0) throw invalidRequest(errors);
  return { topic: topic as string, after: after as After | undefined, isBatched: batch === true };
}

/** Reads the payload of `unsubscribe`. */
export function readUnsubscribe(payload: unknown): string {
  const object = readObject(payload);
  const { topic } = object;
  const errors = unknownFields(object, UNSUBSCRIBE_FIELDS);
  if (typeof topic !== 'string') errors.push({ field: 'topic', message: 'must be a string' });
  if (errors.length > 0) throw invalidRequest(errors);
  return topic as string;
}

/** Reads the payload of `authenticate`: as in the handshake, an object with a token. */
export function readAuthenticate(payload: unknown): { readonly token: unknown } {
  const object = readObject(payload);
  const { token } = object;
  const errors = unknownFields(object, AUTHENTICATE_FIELDS);
  if (typeof token !== 'string') errors.push({ field: 'token', message: 'must be a string' });
  if (errors.length > 0) throw invalidRequest(errors);
  return { token };
}

/** Reads a payload of `publish`: what goes into the query and a header over REST stands beside the message here. */
export function readPublishAsk(payload: unknown): Ask {
  // What is no object is refused when it is read as a message.
  if (!isObject(payload)) return { value: payload, options: {} };
  const { ack, timeoutMs, idempotencyKey, ...value } = payload;
  return {
    value,
    options: readPublishOptions({ ack, timeoutMs }),
    idempotencyKey: readIdempotencyKey(idempotencyKey),
  };
}

function readObject(payload: unknown): Record<string, unknown> {
  const problem = isObject(payload) ? jsonProblem(payload) : 'must be an object';
  if (problem !== undefined) throw invalidRequest([{ field: 'body', message: problem }]);
  return payload as Record<string, unknown>;
}
