import { createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Length of an ES256 signature as JOSE writes it: r and s, 32 bytes each. */
export const SIGNATURE_BYTES = 64;

/** Signs with a node's own key; `IdentityService.sign` in a node. */
export type Sign = (bytes: Uint8Array) => Buffer;

/** ES256 over `bytes` (hashed with SHA-256), 64 bytes. */
export function signBytes(privateKey: KeyObject, bytes: Uint8Array): Buffer {
  return sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

/** Whether `signature` is an ES256 signature of `bytes` under `publicKey`; false for anything malformed. */
export function verifySignature(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verify('sha256', bytes, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

const keyObjects = new WeakMap<JsonWebKey, KeyObject>();

/** The key ready for verifying, remembered as long as the JWK object lives; throws unless the JWK was verified before. */
export function publicKeyOf(jwk: JsonWebKey): KeyObject {
  const known = keyObjects.get(jwk);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  keyObjects.set(jwk, key);
  return key;
}
