import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { admissionOf } from '../../../src/crypto/admission.js';
import { clusterKeysOf } from '../../../src/crypto/cluster-keys.js';
import { NODE_RECORD_BYTES_MAX, type NodeRecord } from '../../../src/crypto/node-record.js';
import { thumbprintOf } from '../../../src/crypto/public-key.js';
import { signBytes } from '../../../src/crypto/signature.js';
import { createNode, encodeJson, flipped, OTHER_SECRET, recordFields, SECRET, type TestNode } from './node-fixture.js';

/** A node that signs whatever it likes, admitted to the cluster. */
interface Forger {
  readonly key: KeyObject;
  readonly record: NodeRecord;
}

function forger(): Forger {
  const [signing, encryption] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const signingKey = signing!.publicKey.export({ format: 'jwk' }) as NodeRecord['signingKey'];
  const encryptionKey = encryption!.publicKey.export({ format: 'jwk' }) as NodeRecord['encryptionKey'];
  const node = { cluster: 'grapevine', id: thumbprintOf(signingKey) };
  const admission = admissionOf(node, [clusterKeysOf(SECRET)])!;
  return { key: signing!.privateKey, record: { ...node, ...recordFields(), signingKey, encryptionKey, admission } };
}

function forge({ key, record }: Forger, header: object = {}, changes: object = {}): string {
  const encodedHeader = encodeJson({ alg: 'ES256', typ: 'grapevine-node', kid: record.id, ...header });
  const content = `${encodedHeader}.${encodeJson({ ...record, ...changes })}`;
  return `${content}.${signBytes(key, Buffer.from(content)).toString('base64url')}`;
}

describe('a node record', () => {
  let own: TestNode;
  beforeAll(async () => {
    own = await createNode({ clusterSecret: SECRET });
  });

  const refuses = async (jws: string): Promise<void> =>
    expect(await own.records.verify(jws)).toMatchObject({ ok: false });

  it('is accepted from a node that knows the secret', async () => {
    const other = await createNode({ name: 'B', clusterSecret: SECRET });
    const verified = await own.records.verify(other.jws);
    expect(verified).toMatchObject({
      ok: true,
      value: {
        ...recordFields({ name: 'B' }),
        ...other.identity.publicKeys,
        id: other.identity.id,
        cluster: 'grapevine',
      },
    });
    expect(await own.records.verify(other.jws)).toEqual(verified);
  });

  it('is accepted when node:crypto signed it, with members of a newer version', async () => {
    const node = forger();
    const jws = forge(node, {}, { zone: 'eu' });
    expect(await own.records.verify(jws)).toEqual({ ok: true, value: node.record });
  });

  it('is refused when another key signed it', async () => {
    await refuses(forge({ ...forger(), record: forger().record }));
  });

  it('is refused when a bit was changed', async () => {
    const jws = forge(forger());
    const parts = jws.split('.');
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url');
      for (let bit = 1; bit < bytes.length * 8; bit += 97) {
        await refuses(parts.with(index, flipped(bytes, bit).toString('base64url')).join('.'));
      }
    }
    expect(await own.records.verify(jws)).toMatchObject({ ok: true });
  });

  it('is refused when it is truncated, too large or no JWS', async () => {
    const jws = forge(forger());
    for (let length = 0; length < jws.length; length += 31) await refuses(jws.slice(0, length));
    await refuses(forge(forger(), {}, { padding: 'x'.repeat(NODE_RECORD_BYTES_MAX) }));
    for (const text of ['', '..', 'a.b.c', `${jws}.`, `${jws}\n`, ` ${jws}`, '{"payload":""}', '\u{1f347}'])
      await refuses(text);
  });

  it.each<[string, object]>([
    ['none', { alg: 'none' }],
    ['HS256', { alg: 'HS256' }],
    ['ES384', { alg: 'ES384' }],
    ['lower case', { alg: 'es256' }],
    ['a list', { alg: ['ES256'] }],
    ['no string', { alg: null }],
  ])('is refused with an algorithm that is %s', async (_, header) => refuses(forge(forger(), header)));

  it('is refused unsigned', async () => {
    const [, payload] = forge(forger()).split('.');
    const { record } = forger();
    await refuses(`${encodeJson({ alg: 'none', typ: 'grapevine-node', kid: record.id })}.${payload}.`);
    await refuses(`${encodeJson({ alg: 'ES256', typ: 'grapevine-node', kid: record.id })}.${payload}.`);
  });

  it('is refused when the public key was used as an HMAC secret', async () => {
    const { record } = forger();
    const content = `${encodeJson({ alg: 'HS256', typ: 'grapevine-node', kid: record.id })}.${encodeJson(record)}`;
    const mac = createHmac('sha256', JSON.stringify(record.signingKey)).update(content).digest();
    await refuses(`${content}.${Buffer.concat([mac, mac]).toString('base64url')}`);
  });

  it.each<[string, (attacker: Forger) => object]>([
    ['an embedded key', ({ record }) => ({ jwk: record.signingKey })],
    ['a key address', () => ({ jku: 'http://127.0.0.1:1/keys' })],
    ['a certificate', () => ({ x5c: ['AAAA'] })],
    ['critical extensions', () => ({ crit: ['b64'], b64: false })],
    ['compression', () => ({ zip: 'DEF' })],
    ['a password and a thousand million rounds', () => ({ alg: 'PBES2-HS256+A128KW', p2s: 'AAAA', p2c: 2 ** 31 - 1 })],
    ['a path for a key id', () => ({ kid: '../../../../etc/passwd' })],
    ['another key id', () => ({ kid: forger().record.id })],
    ['no key id', () => ({ kid: undefined })],
    ['another type', () => ({ typ: 'JWT' })],
  ])('is refused with %s in its header', async (_, header) => {
    const attacker = forger();
    await refuses(forge(attacker, header(attacker)));
  });

  it("is refused when an attacker's embedded key signed a victim's record", async () => {
    const [victim, attacker] = [forger(), forger()];
    await refuses(forge({ key: attacker.key, record: victim.record }, { jwk: attacker.record.signingKey }));
    await refuses(forge({ key: attacker.key, record: victim.record }, { kid: attacker.record.id }));
    await refuses(forge(attacker, { kid: victim.record.id }, { id: victim.record.id }));
  });

  it.each<[string, object]>([
    ['id', { id: 'A'.repeat(43) }],
    ['name', { name: '../etc' }],
    ['empty name', { name: '' }],
    ['long name', { name: 'n'.repeat(64) }],
    ['name that is no string', { name: ['A'] }],
    ['address', { url: 'file:///etc/passwd' }],
    ['address with credentials', { url: 'http://user@127.0.0.1:1' }],
    ['address with white space', { url: 'http://127.0.0.1:1\n' }],
    ['long address', { url: `http://${'a.'.repeat(300)}a` }],
    ['negative epoch', { epoch: -1 }],
    ['fractional epoch', { epoch: 1.5 }],
    ['huge epoch', { epoch: 2 ** 48 }],
    ['epoch that is no number', { epoch: '1' }],
    ['missing incarnation', { incarnation: undefined }],
    ['status', { status: 'dead' }],
    ['encryption key', { encryptionKey: { kty: 'oct', k: 'c2VjcmV0' } }],
    ['missing signing key', { signingKey: undefined }],
  ])('is refused with a wrong %s', async (_, changes) => refuses(forge(forger(), {}, changes)));

  it('is refused when its payload is no object', async () => {
    const { key, record } = forger();
    for (const payload of [null, [], 'text', 7]) {
      const content = `${encodeJson({ alg: 'ES256', typ: 'grapevine-node', kid: record.id })}.${encodeJson(payload)}`;
      await refuses(`${content}.${signBytes(key, Buffer.from(content)).toString('base64url')}`);
    }
  });

  it('is refused when it shows a private key', async () => {
    const attacker = forger();
    const signingKey = createPrivateKey(attacker.key.export({ format: 'pem', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    await refuses(forge(attacker, {}, { signingKey }));
  });

  it('of another cluster is refused for that reason', async () => {
    const stranger = await createNode({ clusterName: 'elsewhere', clusterSecret: SECRET });
    expect(await own.records.verify(stranger.jws)).toEqual({ ok: false, reason: 'wrong-cluster' });
  });
});

describe('admission', () => {
  const isAdmitted = async (host: Parameters<typeof createNode>[0], guest: typeof host): Promise<boolean> => {
    const [own, other] = [await createNode(host), await createNode(guest)];
    return (await own.records.verify(other.jws)).ok;
  };

  it('is refused with another secret, with none, and with one taken from another node', async () => {
    expect(await isAdmitted({ clusterSecret: SECRET }, { clusterSecret: OTHER_SECRET })).toBe(false);
    expect(await isAdmitted({ clusterSecret: SECRET }, {})).toBe(false);
    const own = await createNode({ clusterSecret: SECRET });
    for (const admission of [forger().record.admission, 'short', 'A'.repeat(43), `${'A'.repeat(43)}.`, 7]) {
      expect(await own.records.verify(forge(forger(), {}, { admission }))).toMatchObject({ ok: false });
    }
  });

  it('is open where there is no secret', async () => {
    expect(await isAdmitted({}, {})).toBe(true);
  });

  it('holds both ways at every step of replacing a secret', async () => {
    const before = { clusterSecret: SECRET };
    const during = { clusterSecret: OTHER_SECRET, clusterSecretPrevious: SECRET };
    const after = { clusterSecret: OTHER_SECRET };
    for (const [one, other] of [
      [before, during],
      [during, during],
      [during, after],
    ] as const) {
      expect(await isAdmitted(one, other)).toBe(true);
      expect(await isAdmitted(other, one)).toBe(true);
    }
    expect(await isAdmitted(after, before)).toBe(false);
  });
});
