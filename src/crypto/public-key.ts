import { createPublicKey, hash, type JsonWebKey } from 'node:crypto';
import { decoded, refused, type Decoded } from '../wire/decoded.js';

/** Public EC P-256 key: nothing but `kty`, `crv`, `x`, `y`. */
export type PublicJwk = Readonly<Record<'kty' | 'crv' | 'x' | 'y', string>>;

/** 32 bytes in base64url, spelled in the one canonical way. */
const BYTES_32 = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Accepts a remote JWK only if it is a point on P-256 with no member beyond the four of a public key. */
export function decodePublicJwk(value: unknown): Decoded<PublicJwk> {
  if (typeof value !== 'object' || value === null) return refused('key is not an object');
  const { kty, crv, x, y, ...rest } = value as Readonly<Record<string, unknown>>;
  if (kty !== 'EC' || crv !== 'P-256' || Object.keys(rest).length > 0) return refused('key is not a bare P-256 key');
  if (typeof x !== 'string' || typeof y !== 'string') return refused('key has no coordinates');
  if (!BYTES_32.test(x) || !BYTES_32.test(y)) return refused('key coordinates are malformed');
  const jwk = { kty, crv, x, y };
  try {
    createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return refused('key is not on the curve');
  }
  return decoded(jwk);
}

/** RFC 7638 thumbprint (SHA-256, base64url) of an EC key. */
export function thumbprintOf(jwk: JsonWebKey): string {
  // RFC 7638, 3.2: the required members in lexicographic order, without white space.
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return hash('sha256', canonical, 'base64url');
}

/** Whether a text can be the thumbprint of a key. */
export function isThumbprint(text: unknown): text is string {
  return typeof text === 'string' && BYTES_32.test(text);
}
