import { ERRORS, GrapevineError, type ErrorCode, type FieldErrors } from '../runtime/errors.js';

/** Content type of a problem document. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** An error as clients get it (RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable name of the error, see docs/errors.md. */
  readonly code: ErrorCode;
  /** What exactly is wrong, one entry per field. */
  readonly errors: FieldErrors;
  readonly [extension: string]: unknown;
}

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  413: 'too-large',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
};

/** The error as clients get it. */
export function problemOf(error: GrapevineError): ProblemDocument {
  const { code, title, status, detail, details } = error;
  return {
    ...details.extra,
    type: `urn:grapevine:error:${code}`,
    title,
    status,
    detail,
    code,
    errors: details.errors ?? [],
  };
}

/** Header fields that belong to the problem. */
export function problemHeaders({ retryAfterMs, status, details }: GrapevineError): Readonly<Record<string, string>> {
  const { challenge } = details;
  const isChallenged = status === 401 || challenge !== undefined;
  return {
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    ...(isChallenged && { 'www-authenticate': challenge === undefined ? 'Bearer' : `Bearer error="${challenge}"` }),
  };
}

/** Whatever was thrown as an error of the catalogue; what nobody foresaw is `internal` and says nothing of its inside. */
export function asGrapevineError(error: unknown): GrapevineError {
  if (error instanceof GrapevineError) return error;
  const status = statusOf(error);
  if (status === undefined || status < 400 || status >= 500) {
    return new GrapevineError('internal', 'The log of the node says more.', { cause: error });
  }
  const code = CODE_BY_STATUS[status] ?? 'malformed-request';
  // The frameworks repeat the whole URL, in which there may be a token.
  if (code === 'not-found') return new GrapevineError(code, 'See /docs for those there are.', { cause: error });
  return new GrapevineError(code, error instanceof Error ? error.message : ERRORS[code].title, { cause: error });
}

/** Nest says it with a method, Fastify with a property. */
function statusOf(error: unknown): number | undefined {
  const { statusCode, getStatus } = Object(error) as { statusCode?: unknown; getStatus?: unknown };
  const status: unknown = typeof getStatus === 'function' ? getStatus.call(error) : statusCode;
  return typeof status === 'number' ? status : undefined;
}
