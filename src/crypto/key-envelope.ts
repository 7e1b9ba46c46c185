import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import jose from 'node-jose';
import { decodePublicJwk } from './public-key.js';

/** Longest envelope that is looked at, in characters. */
export const ENVELOPE_CHARACTERS_MAX = 2_048;

const ALG = 'ECDH-ES+A256KW';
const ENC = 'A256GCM';
/** header . wrapped key (40 bytes) . iv (12) . ciphertext . tag (16): a shorter tag would be easier to forge. */
const COMPACT = /^([\w-]+)\.[\w-]{54}\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/;

/** Encrypts a few bytes to the owner of a P-256 key: compact JWE, ECDH-ES+A256KW and A256GCM. */
export async function sealEnvelope(recipient: JsonWebKey, plaintext: Uint8Array): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [key, epk] = await Promise.all([
    jose.JWK.asKey({ ...recipient, use: 'enc' }),
    // node-jose makes ephemeral keys in plain JavaScript, several times slower than importing one.
    jose.JWK.asKey(privateKey.export({ format: 'jwk' })),
  ]);
  const fields = { alg: ALG, enc: ENC };
  const recipientWithEpk = { key, reference: false, epk } as unknown as jose.JWK.Key;
  const encryptor = jose.JWE.createEncrypt({ format: 'compact', contentAlg: ENC, fields }, recipientWithEpk);
  return encryptor.update(Buffer.from(plaintext)).final();
}

/** The plaintext of an envelope made for `privateKey`; undefined for anything else, whatever it is. */
export async function openEnvelope(privateKey: jose.JWK.Key, envelope: string): Promise<Buffer | undefined> {
  if (!isEnvelope(envelope)) return undefined;
  try {
    const opened = await jose.JWE.createDecrypt(privateKey, { algorithms: [ALG, ENC] }).decrypt(envelope);
    return Buffer.from(opened.payload);
  } catch {
    return undefined;
  }
}

/** Looks at the header before node-jose does: exactly our algorithms, a sound ephemeral key, no `zip`, nothing else. */
function isEnvelope(text: string): boolean {
  if (text.length > ENVELOPE_CHARACTERS_MAX) return false;
  const encodedHeader = COMPACT.exec(text)?.[1];
  if (encodedHeader === undefined) return false;
  try {
    const header: unknown = JSON.parse(Buffer.from(encodedHeader, 'base64url').toString('utf8'));
    if (typeof header !== 'object' || header === null) return false;
    const { alg, enc, epk, ...rest } = header as Readonly<Record<string, unknown>>;
    return alg === ALG && enc === ENC && decodePublicJwk(epk).ok && Object.keys(rest).length === 0;
  } catch {
    return false;
  }
}
