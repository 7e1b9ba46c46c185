import { NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { asGrapevineError, problemHeaders, problemOf } from '../../../src/api/problem.js';
import { ERRORS, GrapevineError, invalidRequest, type ErrorCode } from '../../../src/runtime/errors.js';

describe('a problem document', () => {
  it('has the members of RFC 9457, a stable code and what is wrong by field', () => {
    const error = invalidRequest([{ field: 'topic', message: 'must be a string' }]);
    expect(problemOf(error)).toEqual({
      type: 'urn:grapevine:error:invalid-request',
      title: 'The request is not valid',
      status: 400,
      detail: 'topic: must be a string',
      code: 'invalid-request',
      errors: [{ field: 'topic', message: 'must be a string' }],
    });
  });

  it('carries further members, but never one that hides its own', () => {
    const error = new GrapevineError('ack-timeout', 'late', { extra: { seq: 4, status: 200 } });
    expect(problemOf(error)).toMatchObject({ seq: 4, status: 504 });
  });

  it.each(
    Object.entries(ERRORS)
      .filter(([, { status }]) => status === 429 || status === 503)
      .map(([code]) => code as ErrorCode),
  )('of %s says when to try again', (code) => {
    expect(problemHeaders(new GrapevineError(code, ''))['retry-after']).toMatch(/^[1-9]\d*$/);
  });

  it('rounds the wait up to whole seconds', () => {
    expect(problemHeaders(new GrapevineError('overloaded', '', { retryAfterMs: 1_200 }))).toEqual({
      'retry-after': '2',
    });
  });
});

describe('asGrapevineError', () => {
  it('reads the status that Nest and Fastify give', () => {
    expect(asGrapevineError(new NotFoundException('no route')).code).toBe('not-found');
    expect(asGrapevineError(Object.assign(new Error('big'), { statusCode: 413 })).code).toBe('too-large');
    expect(asGrapevineError(Object.assign(new Error('odd'), { statusCode: 414 })).code).toBe('malformed-request');
  });

  it('says nothing of what nobody foresaw', () => {
    for (const thrown of [
      new Error('secret'),
      'secret',
      undefined,
      Object.assign(new Error('secret'), { statusCode: 500 }),
    ]) {
      const error = asGrapevineError(thrown);
      expect(error.code).toBe('internal');
      expect(JSON.stringify(problemOf(error))).not.toContain('secret');
    }
  });
});
