import { GrapevineError, invalidRequest } from '../runtime/errors.js';
import { isNestedDeeper, JSON_DEPTH_MAX, JSON_TEXT_DEPTH_MAX } from './limits/json-nesting.js';

/** A body of newline-delimited JSON: per line that is not empty its value, or why it is none. */
export class NdjsonBody {
  constructor(readonly items: readonly unknown[]) {}
}

/** Reads a whole body; a line that cannot be read becomes a GrapevineError in its place, and the others stand. */
export function readNdjson(text: string): NdjsonBody {
  const items: unknown[] = [];
  let line = 0;
  for (let from = 0; from < text.length; line++) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    const json = text.slice(from, to).trim();
    if (json !== '') items.push(readJson(json, `Line ${line + 1}`));
    from = to + 1;
  }
  return new NdjsonBody(items);
}

/** The value of a JSON text, or the GrapevineError that says why there is none. What is in it is checked by who takes it. */
export function readJson(json: string, what = 'The body'): unknown {
  if (isNestedDeeper(json, JSON_TEXT_DEPTH_MAX)) {
    const message = `must not be nested deeper than ${JSON_DEPTH_MAX} levels`;
    return invalidRequest([{ field: 'body', message }]);
  }
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    return new GrapevineError('malformed-request', `${what} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
