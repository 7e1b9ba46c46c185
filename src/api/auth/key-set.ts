/** The public keys that tokens are signed with, as a JWK set (RFC 7517) has them. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jose from 'node-jose';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { algorithmsOf, isAlgorithm, type Algorithm } from './algorithm.js';
import type { TokenHeader } from './token-form.js';

/** Largest JWK set that is read. */
export const KEY_SET_BYTES_MAX = 256 * 1024;
/** Keys in a set. */
export const KEYS_MAX = 100;
/** A larger modulus would make each token cost more than it may. */
const RSA_BITS = { min: 2_048, max: 8_192 };

/** A public key and what it may be used for. */
export interface TokenKey {
  readonly key: jose.JWK.Key;
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  readonly kid: string | undefined;
  readonly algorithms: readonly Algorithm[];
}

/** Keys by what a token says of its own. */
export class KeySet {
  readonly #thumbprints: ReadonlySet<string>;

  constructor(readonly keys: readonly TokenKey[]) {
    this.#thumbprints = new Set(keys.map(({ thumbprint }) => thumbprint));
  }

  /** The one key that the header fits. A header without `kid` fits only when there is no choice, so that a token costs one check. */
  find({ alg, kid }: TokenHeader): TokenKey | undefined {
    const [key, other] = this.keys.filter(
      (each) => each.algorithms.includes(alg) && (kid === undefined || each.kid === kid),
    );
    return other === undefined ? key : undefined;
  }

  has(thumbprint: string): boolean {
    return this.#thumbprints.has(thumbprint);
  }
}

/** Reads a JWK set. Keys for other uses or of other kinds are passed over; a secret in it spoils it, as it is not one any more. */
export async function decodeKeySet(text: string): Promise<Decoded<KeySet>> {
  const entries = (parseJson(text) as { readonly keys?: unknown } | undefined)?.keys;
  if (!Array.isArray(entries)) return refused('it is not a JWK set');
  if (entries.length > KEYS_MAX) return refused(`it has more than ${KEYS_MAX} keys`);
  const keys: TokenKey[] = [];
  for (const [index, entry] of entries.entries()) {
    const key = await decodeKey(entry);
    if (!key.ok) return refused(`key ${index + 1} ${key.reason}`);
    if (key.value !== undefined) keys.push(key.value);
  }
  return keys.length === 0 ? refused('it has no key that tokens could be signed with') : decoded(new KeySet(keys));
}

async function decodeKey(entry: unknown): Promise<Decoded<TokenKey | undefined>> {
  if (typeof entry !== 'object' || entry === null) return refused('is not an object');
  const { kty, crv, x, y, n, e, kid, use, alg, key_ops: operations, d, k } = entry as Readonly<Record<string, unknown>>;
  if (d !== undefined || k !== undefined) return refused('is not public');
  if (use !== undefined && use !== 'sig') return decoded(undefined);
  if (Array.isArray(operations) && !operations.includes('verify')) return decoded(undefined);
  const algorithms = algorithmsOf({ kty, crv }).filter((each) => alg === undefined || each === alg);
  if (algorithms.length === 0)
    return isUnknownKind(kty, alg) ? decoded(undefined) : refused('has an algorithm that does not fit it');
  if (kid !== undefined && typeof kid !== 'string') return refused('has a kid that is not a text');
  // Nothing else of the entry reaches the library.
  const jwk = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  try {
    const bits = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && (bits < RSA_BITS.min || bits > RSA_BITS.max)) {
      return refused(`must have ${RSA_BITS.min} to ${RSA_BITS.max} bits`);
    }
    const key = await jose.JWK.asKey(jwk);
    const thumbprint = Buffer.from(await key.thumbprint('SHA-256')).toString('base64url');
    return decoded({ key, thumbprint, kid, algorithms });
  } catch {
    return refused('is not a valid key');
  }
}

/** Sets of identity providers also hold keys for what we do not know, such as EdDSA. */
function isUnknownKind(kty: unknown, alg: unknown): boolean {
  return (kty !== 'RSA' && kty !== 'EC') || !isAlgorithm(alg);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
