import {
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type JsonWebKey,
} from 'node:crypto';
import jose from 'node-jose';
import { describe, expect, it } from 'vitest';
import { ENVELOPE_CHARACTERS_MAX, openEnvelope, sealEnvelope } from '../../../src/crypto/key-envelope.js';
import { encodeJson, flipped, key32 } from './node-fixture.js';

const ALGORITHM = 'ECDH-ES+A256KW';

async function recipient(): Promise<{ key: jose.JWK.Key; publicJwk: JsonWebKey }> {
  const key = await jose.JWK.createKeyStore().generate('EC', 'P-256', { use: 'enc' });
  return { key, publicJwk: key.toJSON(false) as JsonWebKey };
}

async function envelopeWith(key: jose.JWK.Key, options: { alg?: string; enc?: string; zip?: true; extra?: object }) {
  const { alg = ALGORITHM, enc = 'A256GCM', extra = {} } = options;
  const settings: jose.JWE.EncryptOptions = { format: 'compact', contentAlg: enc, fields: { alg, enc, ...extra } };
  if (options.zip) settings.zip = 'DEF';
  const withoutReference = { key, reference: false } as unknown as jose.JWK.Key;
  return jose.JWE.createEncrypt(settings, withoutReference).update(Buffer.alloc(100, 'a')).final();
}

function changePart(envelope: string, index: number, change: (part: Buffer) => Buffer): string {
  const parts = envelope.split('.');
  parts[index] = change(Buffer.from(parts[index] ?? '', 'base64url')).toString('base64url');
  return parts.join('.');
}

function changeHeader(envelope: string, change: (header: Record<string, unknown>) => unknown): string {
  const [header, ...rest] = envelope.split('.');
  const parsed = JSON.parse(Buffer.from(header ?? '', 'base64url').toString()) as Record<string, unknown>;
  return [encodeJson(change(parsed)), ...rest].join('.');
}

/** ECDH-ES+A256KW with A256GCM by RFC 7518, on node:crypto alone. */
function openByHand(privateJwk: JsonWebKey, envelope: string): Buffer {
  const [header, ...rest] = envelope.split('.');
  const [wrapped, iv, ciphertext, tag] = rest.map((part) => Buffer.from(part, 'base64url'));
  const { epk } = JSON.parse(Buffer.from(header!, 'base64url').toString()) as { epk: JsonWebKey };
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }),
    publicKey: createPublicKey({ key: epk, format: 'jwk' }),
  });
  const number = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');
  const info = [number(ALGORITHM.length), Buffer.from(ALGORITHM), number(0), number(0), number(256)];
  const wrappingKey = createHash('sha256')
    .update(Buffer.concat([number(1), shared, ...info]))
    .digest();
  const unwrap = createDecipheriv('id-aes256-wrap', wrappingKey, Buffer.alloc(8, 0xa6));
  const contentKey = Buffer.concat([unwrap.update(wrapped!), unwrap.final()]);
  const decipher = createDecipheriv('aes-256-gcm', contentKey, iv!, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(header!)).setAuthTag(tag!);
  return Buffer.concat([decipher.update(ciphertext!), decipher.final()]);
}

describe('a key envelope', () => {
  it('is opened by its recipient and by nobody else', async () => {
    const [own, other] = [await recipient(), await recipient()];
    const content = key32();
    const envelope = await sealEnvelope(own.publicJwk, content);
    expect(await openEnvelope(own.key, envelope)).toEqual(content);
    expect(await openEnvelope(other.key, envelope)).toBeUndefined();
  });

  it('is what RFC 7518 says, also to node:crypto', async () => {
    const { key, publicJwk } = await recipient();
    const content = key32();
    expect(openByHand(key.toJSON(true) as JsonWebKey, await sealEnvelope(publicJwk, content))).toEqual(content);
  });

  it('has a fresh ephemeral key each time', async () => {
    const { publicJwk } = await recipient();
    const envelopes = [await sealEnvelope(publicJwk, key32()), await sealEnvelope(publicJwk, key32())];
    expect(new Set(envelopes.map((envelope) => envelope.split('.')[0])).size).toBe(2);
  });

  it('is opened when plain node-jose made it', async () => {
    const { key } = await recipient();
    expect(await openEnvelope(key, await envelopeWith(key, {}))).toEqual(Buffer.alloc(100, 'a'));
  });

  it.each([
    ['compressed content', { zip: true as const }],
    ['a weaker key wrap', { alg: 'ECDH-ES+A128KW' }],
    ['another content cipher', { enc: 'A128GCM' }],
    ['a cipher with a separate MAC', { enc: 'A256CBC-HS512' }],
    ['further header members', { extra: { apu: 'QQ' } }],
    ['critical header members', { extra: { crit: ['exp'], exp: 1 } }],
  ])('is refused with %s', async (_, options) => {
    const { key } = await recipient();
    const envelope = await envelopeWith(key, options);
    const opened = await jose.JWE.createDecrypt(key)
      .decrypt(envelope)
      .catch(() => undefined);
    if (!('extra' in options && 'crit' in options.extra)) expect(opened?.payload).toBeDefined();
    expect(await openEnvelope(key, envelope)).toBeUndefined();
  });

  it('is refused under direct encryption with a shared or an empty key', async () => {
    const { key } = await recipient();
    const shared = await jose.JWK.asKey({ kty: 'oct', k: key32().toString('base64url') });
    expect(await openEnvelope(key, await envelopeWith(shared, { alg: 'dir' }))).toBeUndefined();
    expect(await openEnvelope(key, await envelopeWith(shared, { alg: 'A256KW' }))).toBeUndefined();
  });

  it('is refused when a bit of any part was changed', async () => {
    const { key, publicJwk } = await recipient();
    const envelope = await sealEnvelope(publicJwk, key32());
    for (const part of [0, 1, 2, 3, 4]) {
      for (const bit of [0, 37, 90]) {
        expect(
          await openEnvelope(
            key,
            changePart(envelope, part, (bytes) => flipped(bytes, bit)),
          ),
        ).toBeUndefined();
      }
    }
  });

  it('is refused with a shortened tag', async () => {
    const { key, publicJwk } = await recipient();
    const envelope = await sealEnvelope(publicJwk, key32());
    const shortened = changePart(envelope, 4, (tag) => tag.subarray(0, 4));
    expect(await openEnvelope(key, shortened)).toBeUndefined();
  });

  it.each<[string, (header: Record<string, unknown>) => unknown]>([
    ['is no object', () => 'header'],
    ['is null', () => null],
    [
      'asks for a password and a thousand million rounds',
      () => ({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2s: 'AAAA', p2c: 2 ** 31 - 1 }),
    ],
    ['brings its own key', (header) => ({ ...header, jwk: header['epk'] })],
    ['has a path for a key id', (header) => ({ ...header, kid: '../../../../etc/passwd' })],
    ['has no ephemeral key', (header) => ({ ...header, epk: undefined })],
    ['has a secret for an ephemeral key', (header) => ({ ...header, epk: { kty: 'oct', k: 'c2VjcmV0' } })],
    [
      'has an ephemeral key off the curve',
      (header) => ({ ...header, epk: { ...(header['epk'] as object), x: 'A'.repeat(43) } }),
    ],
    [
      'has a further ephemeral member',
      (header) => ({ ...header, epk: { ...(header['epk'] as object), d: 'A'.repeat(43) } }),
    ],
    [
      'has a prototype of its own',
      (header) => JSON.parse(JSON.stringify({ ...header, x: 1 }).replace('"x"', '"__proto__"')),
    ],
  ])('is refused when its header %s', async (_, change) => {
    const { key, publicJwk } = await recipient();
    expect(await openEnvelope(key, changeHeader(await sealEnvelope(publicJwk, key32()), change))).toBeUndefined();
  });

  it('is refused when it is too long, truncated or no envelope at all', async () => {
    const { key, publicJwk } = await recipient();
    const long = await sealEnvelope(publicJwk, Buffer.alloc(ENVELOPE_CHARACTERS_MAX));
    const sealed = await sealEnvelope(publicJwk, key32());
    const truncated = Array.from({ length: 40 }, (_, step) => sealed.slice(0, Math.floor((sealed.length * step) / 40)));
    for (const envelope of [long, ...truncated, '....', 'a.b.c.d.e', '{}', '\u{1f347}']) {
      expect(await openEnvelope(key, envelope)).toBeUndefined();
    }
  });
});
