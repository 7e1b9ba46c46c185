import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { isAlgorithm, type Algorithm } from './algorithm.js';

/** Longest token that is looked at. */
export const TOKEN_BYTES_MAX = 8 * 1024;
const KEY_ID_CHARACTERS_MAX = 255;
const COMPACT = /^([\w-]+)\.[\w-]+\.[\w-]+$/;

/** What the header of a token says about how it is signed; not yet believed. */
export interface TokenHeader {
  readonly alg: Algorithm;
  /** Only ever compared with the keys at hand. */
  readonly kid: string | undefined;
}

/** Reads the form and header of a compact JWS. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are passed over. */
export function readTokenHeader(token: string): Decoded<TokenHeader> {
  if (token.length > TOKEN_BYTES_MAX) return refused(`it is longer than ${TOKEN_BYTES_MAX} bytes`);
  const encoded = COMPACT.exec(token)?.[1];
  if (encoded === undefined) return refused('it is not a signed JWT');
  const header = parseJson(encoded);
  if (typeof header !== 'object' || header === null) return refused('it is not a signed JWT');
  const { alg, kid, zip, crit, b64 } = header as Readonly<Record<string, unknown>>;
  if (zip !== undefined || crit !== undefined || b64 !== undefined) return refused('its header asks for too much');
  if (!isAlgorithm(alg)) return refused('its algorithm is not allowed');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > KEY_ID_CHARACTERS_MAX)) {
    return refused('its kid is not a short text');
  }
  return decoded({ alg, kid });
}

function parseJson(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
