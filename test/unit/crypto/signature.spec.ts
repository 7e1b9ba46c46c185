import { createPrivateKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import jose from 'node-jose';
import { describe, expect, it } from 'vitest';
import { decodePublicJwk, thumbprintOf } from '../../../src/crypto/public-key.js';
import { publicKeyOf, signBytes, verifySignature } from '../../../src/crypto/signature.js';
import { flipped } from './node-fixture.js';

async function joseKey(): Promise<{ key: jose.JWK.Key; privateJwk: JsonWebKey; publicJwk: JsonWebKey }> {
  const key = await jose.JWK.createKeyStore().generate('EC', 'P-256', { use: 'sig', alg: 'ES256' });
  const { kty, crv, x, y, d } = key.toJSON(true) as JsonWebKey;
  return { key, privateJwk: { kty, crv, x, y, d } as JsonWebKey, publicJwk: { kty, crv, x, y } as JsonWebKey };
}

describe('signatures', () => {
  it('made by node:crypto are accepted by node-jose', async () => {
    const { key, privateJwk } = await joseKey();
    const content = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('hello').toString('base64url')}`;
    const signature = signBytes(createPrivateKey({ key: privateJwk, format: 'jwk' }), Buffer.from(content));
    const verified = await jose.JWS.createVerify(key, { algorithms: ['ES256'] }).verify(
      `${content}.${signature.toString('base64url')}`,
    );
    expect(verified.payload.toString()).toBe('hello');
  });

  it('made by node-jose are accepted by node:crypto', async () => {
    const { key, publicJwk } = await joseKey();
    const jws: unknown = await jose.JWS.createSign({ format: 'compact', alg: 'ES256' }, key).update('hello').final();
    const [header, payload, signature] = String(jws).split('.');
    const bytes = Buffer.from(signature ?? '', 'base64url');
    expect(verifySignature(publicKeyOf(publicJwk), Buffer.from(`${header}.${payload}`), bytes)).toBe(true);
    expect(verifySignature(publicKeyOf(publicJwk), Buffer.from(`${header}.${payload}!`), bytes)).toBe(false);
  });

  it('are refused when any bit, the length or the key differs', () => {
    const [own, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const bytes = Buffer.from('signed');
    const signature = signBytes(own!.privateKey, bytes);
    expect(verifySignature(own!.publicKey, bytes, signature)).toBe(true);
    for (let bit = 0; bit < 512; bit += 13) {
      expect(verifySignature(own!.publicKey, bytes, flipped(signature, bit))).toBe(false);
    }
    for (const wrong of [Buffer.alloc(0), signature.subarray(1), Buffer.alloc(64), Buffer.alloc(64, 255)]) {
      expect(verifySignature(own!.publicKey, bytes, wrong)).toBe(false);
    }
    expect(verifySignature(other!.publicKey, bytes, signature)).toBe(false);
  });
});

describe('public keys', () => {
  it('have the thumbprint and the coordinates that node-jose gives them', async () => {
    const { key, publicJwk } = await joseKey();
    const decoded = decodePublicJwk(publicJwk);
    expect(decoded).toEqual({ ok: true, value: publicJwk });
    expect(thumbprintOf(publicJwk)).toBe(key.kid);
    const imported = await jose.JWK.asKey(publicKeyOf(publicJwk).export({ format: 'jwk' }));
    expect(imported.kid).toBe(key.kid);
  });

  it('are refused when they are anything but a bare point on P-256', async () => {
    const { privateJwk, publicJwk } = await joseKey();
    const offCurve = { ...publicJwk, y: flipped(Buffer.from(publicJwk.y ?? '', 'base64url'), 3).toString('base64url') };
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
    const secret = { kty: 'oct', k: 'c2VjcmV0' };
    const padded = { ...publicJwk, x: `${publicJwk.x}=` };
    const refused = [privateJwk, offCurve, rsa, p384, secret, padded, { ...publicJwk, alg: 'HS256' }, null, 'key', []];
    for (const key of refused) expect(decodePublicJwk(key)).toMatchObject({ ok: false });
  });

  it('have one spelling only', async () => {
    const { publicJwk } = await joseKey();
    const last = publicJwk.x?.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const other = `${publicJwk.x?.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`;
    expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(publicJwk.x ?? '', 'base64url'));
    expect(decodePublicJwk({ ...publicJwk, x: other })).toMatchObject({ ok: false });
  });
});
