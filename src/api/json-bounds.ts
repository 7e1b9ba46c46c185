import { JSON_DEPTH_MAX } from './limits/json-nesting.js';

/**
 * Why a parsed JSON value is not taken from a client, or undefined when it is. Refused are depth, which would overflow
 * the stack of whoever walks it, and the key `__proto__`, which pollutes prototypes when it is copied carelessly.
 */
export function jsonProblem(value: unknown, depthLeft: number = JSON_DEPTH_MAX): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depthLeft === 0) return `must not be nested deeper than ${JSON_DEPTH_MAX} levels`;
  if (isBytes(value)) return 'must be JSON; bytes go as {"$bytes": base64}';
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = jsonProblem(item, depthLeft - 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return 'must not contain the key "__proto__"';
    const problem = jsonProblem((value as Record<string, unknown>)[key], depthLeft - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** An object as JSON knows it: neither a list nor bytes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isBytes(value);
}

/** Over Socket.IO bytes may come as they are. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
