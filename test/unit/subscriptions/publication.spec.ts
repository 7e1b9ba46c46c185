import { describe, expect, it } from 'vitest';
import { encodePublication, fingerprintOf, type PublishRequest } from '../../../src/subscriptions/publication.js';

const encode = (request: Partial<PublishRequest>, bytesMax = 100) =>
  encodePublication({ topic: 'chat', message: 1, ...request }, bytesMax);

describe('what is published', () => {
  it('is encoded as JSON text, or stays bytes', () => {
    expect(encode({ message: { a: 'ü' } })).toMatchObject({ encoding: 'json', payload: Buffer.from('{"a":"ü"}') });
    const bytes = new Uint8Array([1, 2]);
    expect(encode({ message: bytes })).toMatchObject({ encoding: 'bytes', payload: bytes });
    expect(encode({ message: null })).toMatchObject({ payload: Buffer.from('null') });
  });

  it.each([
    ['invalid-topic', { topic: 'a.*' }],
    ['invalid-topic', { topic: 7 as unknown as string }],
    ['invalid-request', { message: undefined }],
    ['invalid-request', { message: () => 1 }],
    ['invalid-request', { ttlMs: 0 }],
    ['invalid-request', { ttlMs: 1.5 }],
    ['invalid-request', { idempotencyKey: '' }],
    ['invalid-request', { idempotencyKey: 'k'.repeat(256) }],
    ['invalid-request', { headers: { '': 'x' } }],
    ['invalid-request', { headers: { a: 1 as unknown as string } }],
    ['invalid-request', { headers: { a: 'x'.repeat(1_025) } }],
    ['invalid-request', { headers: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`h${at}`, 'x'])) }],
    ['too-large', { message: 'x'.repeat(99) }],
  ] as const)('is refused as %s: %j', (code, request) => {
    expect(() => encode(request)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused when JSON has no form for it', () => {
    expect(() => encode({ message: { big: 1n } })).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });

  it('may be just as large as the limit, and have empty header values', () => {
    expect(encode({ message: 'x'.repeat(98), headers: { a: '' } }).payload.length).toBe(100);
  });

  it('has the same fingerprint exactly when it is the same', () => {
    const base = fingerprintOf(encode({ headers: { a: '1', b: '2' } }));
    expect(fingerprintOf(encode({ headers: { b: '2', a: '1' } }))).toBe(base);
    const others = [
      {},
      { headers: { a: '1' } },
      { message: 2 },
      { topic: 'news' },
      { ttlMs: 5 },
      { message: Buffer.from('1') },
    ];
    const prints = others.map((request) => fingerprintOf(encode(request)));
    expect(new Set([base, ...prints]).size).toBe(others.length + 1);
  });
});
