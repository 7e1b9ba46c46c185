import { createECDH, createPrivateKey, hkdfSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import jose from 'node-jose';
import { AEAD_KEY_BYTES } from './aead.js';
import { decodePublicJwk, type PublicJwk } from './public-key.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';

/** A node's key store as it is saved: a JWK set of one signing and one encryption key, private members included. */
export type SavedIdentity = object;

/** The two key pairs of a node, for node-jose and for node:crypto. */
export interface IdentityKeys {
  readonly signingKey: PublicJwk;
  readonly encryptionKey: PublicJwk;
  readonly signer: KeyObject;
  readonly joseSigner: jose.JWK.Key;
  readonly joseDecrypter: jose.JWK.Key;
  /** Wraps what only this node may read on its own disk. */
  readonly atRestKey: Buffer;
}

/** A new identity. Key pairs are random, which no caller can hand in. */
export async function createIdentity(): Promise<SavedIdentity> {
  const store = jose.JWK.createKeyStore();
  await store.generate('EC', 'P-256', { use: 'sig', alg: 'ES256' });
  await store.generate('EC', 'P-256', { use: 'enc', alg: 'ECDH-ES+A256KW' });
  return store.toJSON(true);
}

/** Reads a saved identity and checks that both private keys belong to their public ones. */
export async function readIdentity(saved: unknown): Promise<Decoded<IdentityKeys>> {
  const store = await importStore(saved);
  const [joseSigner, anotherSigner] = store?.all({ use: 'sig' }) ?? [];
  const [joseDecrypter, anotherDecrypter] = store?.all({ use: 'enc' }) ?? [];
  if (joseSigner === undefined || anotherSigner !== undefined) return refused('it must hold one signing key');
  if (joseDecrypter === undefined || anotherDecrypter !== undefined) return refused('it must hold one encryption key');
  const signing = readPair(joseSigner);
  if (!signing.ok) return signing;
  const encryption = readPair(joseDecrypter);
  if (!encryption.ok) return encryption;
  const atRest = hkdfSync('sha256', encryption.value.secret, '', 'grapevine keys at rest 1', AEAD_KEY_BYTES);
  return decoded({
    signingKey: signing.value.publicJwk,
    encryptionKey: encryption.value.publicJwk,
    signer: createPrivateKey({ key: signing.value.jwk, format: 'jwk' }),
    joseSigner,
    joseDecrypter,
    atRestKey: Buffer.from(atRest),
  });
}

async function importStore(saved: unknown): Promise<jose.JWK.KeyStore | undefined> {
  const { keys } = Object(saved) as { readonly keys?: unknown };
  if (!Array.isArray(keys)) return undefined;
  const store = jose.JWK.createKeyStore();
  try {
    // One after the other: what fails among several at a time is told to nobody, which ends the process.
    for (const key of keys) await store.add(key as object);
  } catch {
    return undefined;
  }
  return store;
}

interface Pair {
  readonly jwk: JsonWebKey;
  readonly publicJwk: PublicJwk;
  readonly secret: Buffer;
}

function readPair(key: jose.JWK.Key): Decoded<Pair> {
  const jwk = key.toJSON(true) as JsonWebKey;
  const publicJwk = decodePublicJwk({ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y });
  if (!publicJwk.ok) return publicJwk;
  // node-jose takes a key over as the file has it, whatever its members are.
  const { d }: { readonly d?: unknown } = jwk;
  const secret = Buffer.from(typeof d === 'string' ? d : '', 'base64url');
  const { x, y } = publicJwk.value;
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const ecdh = createECDH('prime256v1');
  try {
    ecdh.setPrivateKey(secret);
  } catch {
    return refused('a private key is missing or malformed');
  }
  if (!ecdh.getPublicKey().equals(point)) return refused('a private key does not belong to its public key');
  return decoded({ jwk, publicJwk: publicJwk.value, secret });
}
