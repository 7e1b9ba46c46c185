import { decodeAllowedKeys } from '../crypto/allowed-keys.js';
import { decodePublicJwk, isThumbprint, thumbprintOf, type PublicJwk } from '../crypto/public-key.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';

/** A key to be put on a list: the id of its node, and the key itself when it was given. */
export interface GivenKey {
  readonly id: string;
  readonly jwk: PublicJwk | undefined;
}

/** Reads what a user gives for a key: a thumbprint, or a public JWK as JSON. */
export function readGivenKey(text: string): Decoded<GivenKey> {
  if (isThumbprint(text)) return decoded({ id: text, jwk: undefined });
  const key = parseJson(text);
  if (typeof key !== 'object' || key === null) return refused('it is neither a thumbprint of a key nor a public JWK');
  const { kty, crv, x, y, d } = key as Readonly<Record<string, unknown>>;
  if (d !== undefined) return refused('it is a private key; nobody else should have it');
  const jwk = decodePublicJwk({ kty, crv, x, y });
  return jwk.ok ? decoded({ id: thumbprintOf(jwk.value), jwk: jwk.value }) : jwk;
}

/** The text of an allow-list with a key more, in the form that it has; the same text when the key is on it. */
export function withKey(list: string, { id, jwk }: GivenKey, remark = ''): Decoded<string> {
  const content = list.trim();
  if (content !== '') {
    const ids = decodeAllowedKeys(list);
    if (!ids.ok) return ids;
    if (ids.value.has(id)) return decoded(list);
  }
  if (content.startsWith('[')) return decoded(textOf([...(JSON.parse(content) as string[]), id]));
  if (!content.startsWith('{')) {
    const line = remark === '' ? id : `${id} # ${remark.replaceAll(/\s+/g, ' ')}`;
    return decoded(content === '' ? `${line}\n` : `${content}\n${line}\n`);
  }
  if (jwk === undefined)
    return refused('the list is a JWK set, so it needs the public key and not its thumbprint alone');
  const set = JSON.parse(content) as { readonly keys: readonly object[] };
  return decoded(textOf({ ...set, keys: [...set.keys, { ...jwk, use: 'sig', kid: id }] }));
}

/** The text of an allow-list without a key; the same text when the key is not on it. */
export function withoutKey(list: string, id: string): Decoded<string> {
  const ids = decodeAllowedKeys(list);
  if (!ids.ok) return ids;
  if (!ids.value.has(id)) return decoded(list);
  const content = list.trim();
  if (content.startsWith('['))
    return decoded(textOf((JSON.parse(content) as string[]).filter((entry) => entry !== id)));
  if (content.startsWith('{')) {
    const set = JSON.parse(content) as { readonly keys: readonly PublicJwk[] };
    return decoded(textOf({ ...set, keys: set.keys.filter((key) => thumbprintOf(key) !== id) }));
  }
  const lines = content.split('\n').filter((line) => line.replace(/#.*/, '').trim() !== id);
  // Without any thumbprint the lines would be refused as a file that was cut short.
  return decoded(ids.value.size > 1 ? `${lines.join('\n')}\n` : '[]\n');
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
