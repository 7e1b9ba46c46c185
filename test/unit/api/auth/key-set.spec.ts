import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeKeySet, KEYS_MAX } from '../../../../src/api/auth/key-set.js';

const ec = (namedCurve: string): JsonWebKey =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
const rsa = (modulusLength: number): JsonWebKey =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
const P256 = ec('P-256');
const RSA = rsa(2_048);

const decode = (...keys: unknown[]) => decodeKeySet(JSON.stringify({ keys }));

async function keysOf(...keys: unknown[]) {
  const decoded = await decode(...keys);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

describe('a set of keys', () => {
  it('holds each key with the algorithms of its kind', async () => {
    const { keys } = await keysOf(P256, ec('P-384'), ec('P-521'), RSA, { ...RSA, alg: 'PS256' });
    expect(keys.map(({ algorithms }) => algorithms)).toEqual([
      ['ES256'],
      ['ES384'],
      ['ES512'],
      ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
      ['PS256'],
    ]);
  });

  it('passes over what is for other uses or of kinds that it does not know', async () => {
    const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const { keys } = await keysOf(
      P256,
      ed25519,
      ec('secp256k1'),
      { ...P256, crv: { toString: 1 } },
      { ...P256, crv: 'toString' },
      { ...P256, use: 'enc' },
      { ...P256, key_ops: ['sign'] },
    );
    expect(keys).toHaveLength(1);
  });

  it.each([
    ['a private key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a point that is on no curve', { ...P256, x: P256.y }],
    ['an RSA key that is too small', rsa(1_024)],
    ['an algorithm that does not fit', { ...P256, alg: 'RS256' }],
    ['a kid that is no text', { ...P256, kid: 1 }],
    ['no object', null],
  ])('is refused with %s', async (_what, key) => {
    expect(await decode(P256, key)).toMatchObject({ ok: false, reason: expect.stringMatching(/^key 2 /) });
  });

  it.each(['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[]}', 'keys'])('is not %j', async (text) => {
    expect(await decodeKeySet(text)).toMatchObject({ ok: false });
  });

  it('has a bound', async () => {
    expect(await decode(...Array.from({ length: KEYS_MAX + 1 }, () => P256))).toMatchObject({ ok: false });
  });

  it('gives the key that a header names, if the algorithm is one of its own', async () => {
    const set = await keysOf({ ...P256, kid: 'a' }, { ...ec('P-256'), kid: 'b' }, { ...RSA, kid: '../a' });
    expect(set.find({ alg: 'ES256', kid: 'b' })).toBe(set.keys[1]);
    expect(set.find({ alg: 'RS256', kid: 'b' })).toBeUndefined();
    expect(set.find({ alg: 'ES256', kid: 'c' })).toBeUndefined();
    expect(set.find({ alg: 'PS256', kid: '../a' })).toBe(set.keys[2]);
  });

  it('gives a key to a header that names none only when there is no choice', async () => {
    const set = await keysOf(P256, ec('P-256'), RSA);
    expect(set.find({ alg: 'RS256', kid: undefined })).toBe(set.keys[2]);
    expect(set.find({ alg: 'ES256', kid: undefined })).toBeUndefined();
  });
});
