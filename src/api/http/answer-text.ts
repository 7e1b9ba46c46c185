import type { GrapevineError } from '../../runtime/errors.js';
import { problemOf } from '../problem.js';

/** A whole HTTP answer with the problem document of an error, for connections on which there is no response to write it to. */
export function answerText(error: GrapevineError, headers: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(problemOf(error));
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${error.status} ${error.title}\r\n${head}\r\n${body}`;
}
