import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PublishBody } from '../../../src/api/publish.dto.js';
import { readIdempotencyKey, readPublish, readPublishOptions } from '../../../src/api/publish-request.js';
import { GrapevineError } from '../../../src/runtime/errors.js';

function errorOf(read: () => unknown): GrapevineError {
  try {
    read();
  } catch (error) {
    if (error instanceof GrapevineError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const fieldsOf = (value: unknown): string[] =>
  (errorOf(() => readPublish(value)).details.errors ?? []).map(({ field }) => field);

describe('readPublish', () => {
  it('takes any JSON value', () => {
    for (const message of [null, false, 0, '', [], {}, { $bytes: 'x', other: 1 }]) {
      expect(readPublish({ topic: 'chat', message }).message).toEqual(message);
    }
  });

  it('takes bytes as base64, or as they are', () => {
    expect(readPublish({ topic: 'chat', message: { $bytes: 'AP8=' } }).message).toEqual(Buffer.from([0, 255]));
    expect(readPublish({ topic: 'chat', message: Buffer.from([1]) }).message).toEqual(Buffer.from([1]));
  });

  it('names every field that is wrong or not known', () => {
    expect(fieldsOf({ topic: 1, ttlMs: 0, headers: { 'a b': 'x', ok: 'y', n: 1 }, Message: 'typo' })).toEqual([
      'Message',
      'topic',
      'message',
      'ttlMs',
      'headers.a b',
      'headers.n',
    ]);
  });

  it('refuses bytes that are not base64, deep nesting and keys that pollute prototypes', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const polluted = JSON.parse('{"a":[{"__proto__":{"x":1}}]}') as unknown;
    for (const message of [
      { $bytes: 'a' },
      { $bytes: 1 },
      { $bytes: 'AP8' },
      deep,
      polluted,
      { a: Buffer.from('x') },
    ]) {
      expect(fieldsOf({ topic: 'chat', message })).toEqual(['message']);
    }
  });

  it('calls a topic that is none by its own code', () => {
    expect(errorOf(() => readPublish({ topic: 'news.*', message: 1 })).code).toBe('invalid-topic');
    expect(errorOf(() => readPublish({ topic: 5, message: 1 })).code).toBe('invalid-request');
  });

  it('refuses what is no object', () => {
    for (const value of [undefined, null, 1, 'x', [], Buffer.from('x')]) expect(fieldsOf(value)).toEqual(['body']);
  });

  it('agrees with the rules of the DTO', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ $bytes: fc.oneof(fc.base64String(), fc.string(), fc.integer()) }),
      fc.constant(undefined),
    );
    const name = fc.oneof(fc.constantFrom('a', 'x-y', 'a b', '', '__proto__', 'n'.repeat(129)), fc.string());
    const headers = fc.oneof(
      fc.dictionary(name, fc.oneof(fc.string(), fc.integer(), fc.constant('v'.repeat(1_025))), { maxKeys: 40 }),
      fc.jsonValue(),
    );
    const topic = fc.oneof(fc.constantFrom('chat', 'a.b', 'a..b', '*', 'a b', ''), fc.string(), fc.integer());
    const ttlMs = fc.oneof(fc.constantFrom(0, 1, 1.5, -1, '5', 315_360_000_000, 315_360_000_001), fc.integer());
    const body = fc.record({ topic, message: value, headers, ttlMs, extra: fc.constant(1) }, { requiredKeys: [] });
    fc.assert(
      fc.property(body, (given) => {
        // Null stands for "not given" in neither of the two.
        const isAccepted = (() => {
          try {
            readPublish(given);
            return true;
          } catch {
            return false;
          }
        })();
        const errors = validateSync(plainToInstance(PublishBody, given), {
          whitelist: true,
          forbidNonWhitelisted: true,
        });
        expect(errors.length === 0).toBe(isAccepted);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('readPublishOptions', () => {
  it('reads a query and the values of an event alike', () => {
    expect(readPublishOptions({})).toEqual({ ack: 'local', timeoutMs: 5_000, whenFull: 'refuse' });
    expect(readPublishOptions({ ack: '2', timeoutMs: '50' })).toMatchObject({ ack: 2, timeoutMs: 50 });
    expect(readPublishOptions({ ack: 'all', timeoutMs: 50 })).toMatchObject({ ack: 'all', timeoutMs: 50 });
  });

  it('names what is wrong or not known', () => {
    for (const ack of ['0', '-1', '1.5', '', 'some', 0, null, ['1'], '1025']) {
      expect(errorOf(() => readPublishOptions({ ack })).details.errors).toMatchObject([{ field: 'ack' }]);
    }
    for (const timeoutMs of ['0', '60001', 'x', '', -1]) {
      expect(errorOf(() => readPublishOptions({ timeoutMs })).details.errors).toMatchObject([{ field: 'timeoutMs' }]);
    }
    expect(errorOf(() => readPublishOptions({ acks: 'all' })).details.errors).toMatchObject([{ field: 'acks' }]);
  });
});

describe('readIdempotencyKey', () => {
  it('takes visible ASCII and nothing else', () => {
    expect(readIdempotencyKey(undefined)).toBeUndefined();
    expect(readIdempotencyKey('order-17')).toBe('order-17');
    for (const key of ['', 'a b', 'ä', 'x'.repeat(241), 7])
      expect(errorOf(() => readIdempotencyKey(key)).code).toBe('invalid-request');
  });
});
