import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAllowedKeys } from '../../../src/crypto/allowed-keys.js';
import { thumbprintOf } from '../../../src/crypto/public-key.js';

const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const publicKeys = pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
const privateKey = pairs[0]!.privateKey.export({ format: 'jwk' });
const ids = publicKeys.map(thumbprintOf);
const [first, second, third] = ids as [string, string, string];

function idsOf(text: string): string[] {
  const list = decodeAllowedKeys(text);
  if (!list.ok) throw new Error(list.reason);
  return [...list.value];
}

const setOf = (...keys: unknown[]): string => JSON.stringify({ keys });

describe('an allow-list', () => {
  it('is a JWK set of public keys, whatever else their authors say of them', () => {
    const named = { ...publicKeys[1], kid: 'B', use: 'sig', alg: 'ES256', key_ops: ['verify'] };
    expect(idsOf(`\n ${setOf(publicKeys[0], named)}\n`)).toEqual([first, second]);
  });

  it("takes a node's whole public set, of which only the signing key admits", () => {
    expect(idsOf(setOf({ ...publicKeys[0], use: 'sig' }, { ...publicKeys[1], use: 'enc' }))).toEqual([first]);
  });

  it('is a JSON array of thumbprints', () => {
    expect(idsOf(JSON.stringify(ids))).toEqual(ids);
  });

  it('is a thumbprint a line, with remarks, blank lines and repetitions', () => {
    expect(idsOf(`# the nodes\r\n${first}\r\n\n  ${second} # B, in the cellar\n${first}\n${third}`)).toEqual(ids);
  });

  it('may be empty, when that is said', () => {
    expect(idsOf('[]')).toEqual([]);
    expect(idsOf('{"keys":[]}')).toEqual([]);
  });

  it.each<[string, string]>([
    ['', 'it holds no thumbprint'],
    ['# nobody\n', 'it holds no thumbprint'],
    [`${first}\n${second.slice(1)}`, 'line 2 is not the thumbprint of a key'],
    [`${first.slice(0, 42)}B`, 'line 1 is not the thumbprint of a key'],
    [`${first} ${second}`, 'line 1 is not the thumbprint of a key'],
    [JSON.stringify(ids).slice(0, -1), 'it is not a JSON document'],
    [JSON.stringify([first, 7]), 'entry 2 is not the thumbprint of a key'],
    [JSON.stringify({ key: [] }), 'it has no member "keys" as a JWK set has'],
    [JSON.stringify({ keys: {} }), 'it has no member "keys" as a JWK set has'],
    [setOf(publicKeys[0], null), 'key 2 is not an object'],
    [setOf({ kty: 'RSA', n: 'AQAB', e: 'AQAB' }), 'key 1: key is not a bare P-256 key'],
    [setOf({ ...publicKeys[0], crv: 'P-384' }), 'key 1: key is not a bare P-256 key'],
    [setOf({ ...publicKeys[0], x: publicKeys[1]!.x }), 'key 1: key is not on the curve'],
    [setOf({ kty: 'EC', crv: 'P-256' }), 'key 1: key has no coordinates'],
  ])('that reads %j is refused in one line', (text, reason) => {
    expect(decodeAllowedKeys(text)).toEqual({ ok: false, reason });
  });

  it.each<[string, JsonWebKey]>([
    ['a private key', privateKey],
    ['a private encryption key', { ...privateKey, use: 'enc' }],
    ['a secret key', { kty: 'oct', k: 'c2VjcmV0' }],
  ])('with %s is refused without repeating it', (_, key) => {
    const list = decodeAllowedKeys(setOf(publicKeys[1], key));
    expect(list).toEqual({ ok: false, reason: 'key 2 is not public, take it out of the file' });
  });

  it('never throws, and says in one line what is wrong', () => {
    const documents = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => setOf(value)),
    );
    fc.assert(
      fc.property(documents, (text) => {
        const list = decodeAllowedKeys(text);
        if (list.ok) for (const id of list.value) expect(id).toHaveLength(43);
        else expect(list.reason).toMatch(/^[^\n]+$/);
      }),
    );
  });
});
