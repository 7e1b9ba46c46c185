import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokenHeader, TOKEN_BYTES_MAX } from '../../../../src/api/auth/token-form.js';

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenWith = (header: unknown): string => `${encoded(header)}.e30.c2ln`;

describe('the header of a token', () => {
  it.each(['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('may say %s', (alg) => {
    expect(readTokenHeader(tokenWith({ alg, kid: 'k', typ: 'JWT' }))).toEqual({ ok: true, value: { alg, kid: 'k' } });
  });

  it.each(['none', 'None', 'HS256', 'HS384', 'HS512', 'EdDSA', 'ES256K', 'dir', '', undefined, null, ['ES256'], {}])(
    'may not say %j',
    (alg) => {
      expect(readTokenHeader(tokenWith({ alg }))).toMatchObject({ ok: false });
    },
  );

  it.each([
    { alg: 'ES256', zip: 'DEF' },
    { alg: 'ES256', crit: ['exp'] },
    { alg: 'ES256', crit: [] },
    { alg: 'ES256', b64: false },
    { alg: 'ES256', kid: 7 },
    { alg: 'ES256', kid: 'k'.repeat(256) },
    'ES256',
    null,
    ['ES256'],
  ])('may not be %j', (header) => {
    expect(readTokenHeader(tokenWith(header))).toMatchObject({ ok: false });
  });

  it('brings no key along: what it says of keys is passed over', () => {
    const header = { alg: 'ES256', jwk: { kty: 'oct' }, jku: 'http://evil', x5u: 'http://evil', x5c: ['x'] };
    expect(readTokenHeader(tokenWith(header))).toEqual({ ok: true, value: { alg: 'ES256', kid: undefined } });
  });

  it('is not even looked at in a token that is too long', () => {
    const long = `${encoded({ alg: 'ES256' })}.${'a'.repeat(TOKEN_BYTES_MAX)}.c2ln`;
    expect(readTokenHeader(long)).toMatchObject({ ok: false, reason: expect.stringContaining('longer') });
  });

  it('is refused, never thrown at, whatever the token is', () => {
    const text = fc.oneof(fc.string(), fc.string().map(encoded), fc.jsonValue().map(encoded));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (parts) => {
        expect(readTokenHeader(parts.join('.')).ok).toBe(false);
      }),
    );
  });
});
