import type { After } from '../subscriptions/starting-point.js';
import type { Ask } from './client-publishing.service.js';
import { jsonProblem } from './json-bounds.js';
import { invalidRequest, type FieldErrors } from './problem.js';
import { readIdempotencyKey, readPublishOptions } from './publish-request.js';

/** What a client asks for with `subscribe`. */
export interface SubscribeAsk {
  readonly topic: string;
  readonly after: After | undefined;
  /** Whether the messages of this subscription come together, as `messages`. */
  readonly isBatched: boolean;
}

/** Reads the payload of `subscribe`; throws the GrapevineError that says why not. */
export function readSubscribe(payload: unknown): SubscribeAsk {
  const { topic, after, batch, ...unknown } = readObject(payload);
  const errors: FieldErrors = Object.keys(unknown).map((field) => ({ field, message: 'is not known' }));
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
  const { topic, ...unknown } = readObject(payload);
  const errors: FieldErrors = Object.keys(unknown).map((field) => ({ field, message: 'is not known' }));
  if (typeof topic !== 'string') errors.push({ field: 'topic', message: 'must be a string' });
  if (errors.length > 0) throw invalidRequest(errors);
  return topic as string;
}

/** Reads a payload of `publish`: what goes into the query and a header over REST stands beside the message here. */
export function readPublishAsk(payload: unknown): Ask {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw invalidRequest([{ field: 'body', message: 'must be an object with topic and message' }]);
  }
  const { ack, timeoutMs, idempotencyKey, ...value } = payload as Record<string, unknown>;
  return {
    value,
    options: readPublishOptions({ ack, timeoutMs }),
    idempotencyKey: readIdempotencyKey(idempotencyKey),
  };
}

function readObject(payload: unknown): Record<string, unknown> {
  const problem =
    typeof payload !== 'object' || payload === null || Array.isArray(payload)
      ? 'must be an object'
      : jsonProblem(payload);
  if (problem !== undefined) throw invalidRequest([{ field: 'body', message: problem }]);
  return payload as Record<string, unknown>;
}
