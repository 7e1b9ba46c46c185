import { createECDH } from 'node:crypto';
import { readAuthenticate } from '../../src/api/event-request.js';
import { readClaims } from '../../src/api/auth/claims.js';
import type { Grant } from '../../src/api/auth/grant.js';
import { decodeKeySet } from '../../src/api/auth/key-set.js';
import { readTokenHeader } from '../../src/api/auth/token-form.js';
import { sampleBytes } from '../unit/protocol/sample-node.js';
import { refusing, valueOf, type FuzzTarget } from './fuzz-target.js';
import { mutateJson, mutateToken, parseJson } from './mutate-json.js';

const NOW_MS = 1_700_000_000_000;
const HEADER = { alg: 'ES256', typ: 'JWT', kid: 'one' };
const CLAIMS = { exp: NOW_MS / 1_000 + 60, aud: 'grapevine', sub: 'alice', publish: ['news.>'], subscribe: ['>'] };
const TOKEN = [HEADER, CLAIMS, 'a signature'].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));

/** What clients prove themselves with, before and after its signature was verified. */
export const TOKEN_TARGETS: readonly FuzzTarget[] = [
  {
    decoder: 'readTokenHeader',
    corpus: () => [Buffer.from(TOKEN.join('.'))],
    mutate: mutateToken,
    decode: (input: Buffer) => valueOf(readTokenHeader(input.toString('latin1'))),
    // A kid is only ever compared, so it may be any text.
    problem: ({ alg }: { alg: string }) =>
      /^(ES256|RS256|PS256|ES384|EdDSA)$/.test(alg) ? undefined : `alg is ${alg}`,
  },
  {
    decoder: 'readClaims',
    corpus: () => [Buffer.from(JSON.stringify(CLAIMS)), Buffer.from(JSON.stringify({ ...CLAIMS, aud: ['grapevine'] }))],
    mutate: mutateJson,
    prepare: parseJson,
    decode: (claims: unknown) =>
      valueOf(readClaims(claims, { audience: 'grapevine', issuer: undefined }, { keyId: 'one', nowMs: NOW_MS })),
    problem: ({ expiresAtMs }: Grant) =>
      expiresAtMs > NOW_MS - 10_000 && expiresAtMs < Infinity ? undefined : `it expires at ${expiresAtMs}`,
  },
  {
    decoder: 'decodeKeySet',
    corpus: () => [Buffer.from(JSON.stringify({ keys: [{ ...publicKey(), kid: 'one', use: 'sig', alg: 'ES256' }] }))],
    mutate: mutateJson,
    // Read when it changes, not with every token.
    msMax: 500,
    decode: async (input: Buffer) => valueOf(await decodeKeySet(input.toString('utf8'))),
  },
  {
    decoder: 'readAuthenticate',
    corpus: () => [Buffer.from(JSON.stringify({ token: TOKEN.join('.') }))],
    mutate: mutateJson,
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readAuthenticate(value)),
    problem: ({ token }: { token: unknown }) => (typeof token === 'string' ? undefined : 'the token is no text'),
  },
];

function publicKey(): object {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(sampleBytes('A signing key'));
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  return { kty: 'EC', crv: 'P-256', x, y };
}
