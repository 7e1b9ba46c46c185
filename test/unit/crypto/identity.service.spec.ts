import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jose from 'node-jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIdentity } from '../../../src/crypto/identity-keys.js';
import { IDENTITY_FILE } from '../../../src/crypto/identity.service.js';
import { sealEnvelope } from '../../../src/crypto/key-envelope.js';
import { publicKeyOf, verifySignature } from '../../../src/crypto/signature.js';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';
import { createNode, flipped, key32, recordFields } from './node-fixture.js';

interface SavedKeys {
  keys: Record<string, string | undefined>[];
}

describe('an identity', () => {
  let path: string;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'identity-'));
  });
  afterEach(() => rm(path, { recursive: true }));

  const saved = async (): Promise<SavedKeys> =>
    JSON.parse(await readFile(join(path, IDENTITY_FILE), 'utf8')) as SavedKeys;

  it('is made at the first start and stays', async () => {
    const [first, second] = [await createNode({}, new DataFolder(path)), await createNode({}, new DataFolder(path))];
    expect(second.identity.id).toBe(first.identity.id);
    expect(second.identity.publicKeys).toEqual(first.identity.publicKeys);
    expect(first.identity.publicKeys.signingKey).not.toEqual(first.identity.publicKeys.encryptionKey);
  });

  it('is a JWK set that only its owner may read', async () => {
    const { identity } = await createNode({}, new DataFolder(path));
    expect((await stat(join(path, IDENTITY_FILE))).mode & 0o777).toBe(0o600);
    const store = await jose.JWK.asKeyStore(await saved());
    expect(store.all({ use: 'sig' })[0]?.kid).toBe(identity.id);
  });

  it.each([null, {}, { keys: [] }, { keys: {} }, { keys: [{ kty: 'none' }, null] }])('is not %j', async (document) => {
    expect(await readIdentity(document)).toMatchObject({ ok: false });
  });

  it('of a node without a data folder is its own', async () => {
    expect((await createNode()).identity.id).not.toBe((await createNode()).identity.id);
  });

  it('signs what its public key verifies, and opens what was sealed to it', async () => {
    const { identity } = await createNode();
    const bytes = Buffer.from('bytes');
    expect(verifySignature(publicKeyOf(identity.publicKeys.signingKey), bytes, identity.sign(bytes))).toBe(true);
    expect(await identity.openEnvelope(await sealEnvelope(identity.publicKeys.encryptionKey, bytes))).toEqual(bytes);
    expect(await identity.openEnvelope(await sealEnvelope(identity.publicKeys.signingKey, bytes))).toBeUndefined();
  });

  it('unwraps after a restart the keys that it wrapped, and no others', async () => {
    const key = key32();
    const wrapped = (await createNode({}, new DataFolder(path))).identity.wrapKey(key);
    const { identity } = await createNode({}, new DataFolder(path));
    expect(wrapped.includes(key)).toBe(false);
    expect(identity.unwrapKey(wrapped)).toEqual(key);
    expect(identity.unwrapKey(flipped(wrapped, 200))).toBeUndefined();
    expect(identity.unwrapKey(Buffer.alloc(3))).toBeUndefined();
    expect((await createNode()).identity.unwrapKey(wrapped)).toBeUndefined();
  });

  it('signs every change of its record anew', async () => {
    const { identity, records } = await createNode();
    const jws = await identity.signRecord(recordFields({ incarnation: 3, status: 'left' }));
    expect(await records.verify(jws)).toMatchObject({ ok: true, value: { incarnation: 3, status: 'left' } });
  });

  it.each<[string, (set: SavedKeys) => unknown]>([
    ['is no key set', () => 7],
    ['is null', () => null],
    ['has no keys', () => ({ keys: [] })],
    ['has one key', ({ keys }) => ({ keys: keys.slice(1) })],
    ['has two signing keys', ({ keys }) => ({ keys: [...keys, { ...keys[1], use: 'sig' }] })],
    ['has no private keys', ({ keys }) => ({ keys: keys.map((key) => ({ ...key, d: undefined })) })],
    ['has swapped private keys', ({ keys }) => ({ keys: keys.map((key, at) => ({ ...key, d: keys[1 - at]?.['d'] })) })],
    ['has a secret', ({ keys }) => ({ keys: [{ kty: 'oct', k: 'c2VjcmV0', use: 'sig' }, keys[1]] })],
  ])('that %s keeps the node from starting, with a readable reason', async (_, damage) => {
    const folder = new DataFolder(path);
    await createNode({}, folder);
    await folder.writeJson(IDENTITY_FILE, damage(await saved()));
    await expect(createNode({}, folder)).rejects.toThrow(/identity\.jwks\.json in the data folder is damaged: /);
  });
});
