import { GrapevineError } from '../../runtime/errors.js';
import { PROBLEM_TYPE } from '../problem.js';
import { answerText } from './answer-text.js';

/** The answer, head and body, to what came over a connection and is no request: too slow, too large, or not HTTP. */
export function clientErrorAnswer(code: string | undefined): string {
  return answerText(errorOf(code), { 'content-type': PROBLEM_TYPE, connection: 'close' });
}

function errorOf(code: string | undefined): GrapevineError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GrapevineError('request-timeout', 'The connection is closed.');
  if (code === 'HPE_HEADER_OVERFLOW') return new GrapevineError('too-large', 'The headers of a request have a limit.');
  return new GrapevineError('malformed-request', 'This is not HTTP/1.1.');
}
