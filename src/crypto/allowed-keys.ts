import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { decodePublicJwk, isThumbprint, thumbprintOf } from './public-key.js';

/** Largest allow-list that is read, in bytes: some 20,000 thumbprints or 5,000 keys. */
export const ALLOWED_KEYS_BYTES_MAX = 1024 * 1024;

/**
 * The node ids on an allow-list: a JWK set of public P-256 keys, a JSON array of thumbprints, or a thumbprint a line with
 * `#` before remarks. One wrong entry spoils the list, as whoever wrote it meant something else.
 */
export function decodeAllowedKeys(text: string): Decoded<ReadonlySet<string>> {
  const content = text.trim();
  if (!content.startsWith('{') && !content.startsWith('[')) return decodeLines(content);
  const document = parseJson(content);
  if (document === undefined) return refused('it is not a JSON document');
  if (Array.isArray(document)) return decodeThumbprints(document);
  const { keys } = document as { readonly keys?: unknown };
  return Array.isArray(keys) ? decodeKeys(keys) : refused('it has no member "keys" as a JWK set has');
}

function decodeLines(content: string): Decoded<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const [index, line] of content.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') continue;
    if (!isThumbprint(entry)) return refused(`line ${index + 1} is not the thumbprint of a key`);
    ids.add(entry);
  }
  // A file that was cut short must not lock everybody out; who wants that writes [].
  return ids.size > 0 ? decoded(ids) : refused('it holds no thumbprint');
}

function decodeThumbprints(entries: readonly unknown[]): Decoded<ReadonlySet<string>> {
  const wrong = entries.findIndex((entry) => !isThumbprint(entry));
  if (wrong >= 0) return refused(`entry ${wrong + 1} is not the thumbprint of a key`);
  return decoded(new Set(entries.filter(isThumbprint)));
}

function decodeKeys(entries: readonly unknown[]): Decoded<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null) return refused(`key ${index + 1} is not an object`);
    const { kty, crv, x, y, d, k, use } = entry as Readonly<Record<string, unknown>>;
    if (d !== undefined || k !== undefined) return refused(`key ${index + 1} is not public, take it out of the file`);
    // A node's set holds its encryption key as well, which admits nobody.
    if (use === 'enc') continue;
    const jwk = decodePublicJwk({ kty, crv, x, y });
    if (!jwk.ok) return refused(`key ${index + 1}: ${jwk.reason}`);
    ids.add(thumbprintOf(jwk.value));
  }
  return decoded(ids);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
