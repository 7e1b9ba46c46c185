/**
 * The catalogue of errors that users meet. `code` is stable; `status` is the HTTP status. `docs/errors.md` lists
 * the same, held equal by a test.
 */
export const ERRORS = {
  'malformed-request': { status: 400, title: 'The request could not be read' },
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-topic': { status: 400, title: 'Not a valid topic' },
  'invalid-pattern': { status: 400, title: 'Not a valid topic or pattern' },
  'invalid-cursor': { status: 400, title: 'Not a valid cursor' },
  unauthorized: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  'may-not-publish': { status: 403, title: 'This node may not publish to the topic' },
  'may-not-read': { status: 403, title: 'This node may not read the topic' },
  'foreign-origin': { status: 403, title: 'The page may not use this node' },
  'not-found': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'The resource does not know this method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'no-interest': { status: 409, title: 'This node is not subscribed to the topic' },
  'too-large': { status: 413, title: 'Larger than the limit' },
  'unsupported-media-type': { status: 415, title: 'Media type not supported' },
  'wrong-host': { status: 421, title: 'The node is not asked under this name' },
  'idempotency-mismatch': { status: 422, title: 'The idempotency key was used with another body' },
  'too-many-subscriptions': { status: 429, title: 'Too many subscriptions' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong inside the node' },
  overloaded: { status: 503, title: 'Receivers do not keep up; try again' },
  'not-ready': { status: 503, title: 'The node has not joined its cluster yet' },
  'keys-unavailable': { status: 503, title: 'The keys that tokens are checked with are not there yet' },
  draining: { status: 503, title: 'The node is shutting down' },
  'ack-timeout': { status: 504, title: 'Not confirmed in time' },
  'store-failing': { status: 503, title: 'The store cannot be written to' },
  'store-full': { status: 507, title: 'The store is full' },
  'too-many-topics': { status: 507, title: 'The node has published to too many topics' },
} as const satisfies Record<string, { status: number; title: string }>;

/** Stable name of an error. */
export type ErrorCode = keyof typeof ERRORS;

/** When trying again makes sense after a 429 or 503, in ms, unless the error itself says. */
export const RETRY_AFTER_MS = 1_000;

/** What is wrong, one entry per field. */
export type FieldErrors = readonly { readonly field: string; readonly message: string }[];

/** What comes with an error besides its code and detail. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** When trying again makes sense, in ms from now. */
  readonly retryAfterMs?: number;
  /** Further members of the problem document, such as the receipt that came with a timeout. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly errors?: FieldErrors;
  /** What a client that was refused for its token is told in `WWW-Authenticate`, as RFC 6750 names it. */
  readonly challenge?: 'invalid_token' | 'insufficient_scope';
}

/** An operating error with a stable `code`; becomes a problem document over HTTP and in Socket.IO acks. */
export class GrapevineError extends Error {
  override readonly name = 'GrapevineError';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly details: ErrorDetails = {},
  ) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }

  /** When trying again makes sense, in ms from now; undefined when waiting does not help. */
  get retryAfterMs(): number | undefined {
    const isPassing = this.status === 429 || this.status === 503;
    return this.details.retryAfterMs ?? (isPassing ? RETRY_AFTER_MS : undefined);
  }
}

/** A request that is not valid, with what is wrong field by field. */
export function invalidRequest(errors: FieldErrors, code: ErrorCode = 'invalid-request'): GrapevineError {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new GrapevineError(code, detail, { errors });
}
