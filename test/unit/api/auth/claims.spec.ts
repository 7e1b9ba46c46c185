import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRANTED_PATTERNS_MAX, LEEWAY_MS, readClaims } from '../../../../src/api/auth/claims.js';
import { isGranted, type Grant } from '../../../../src/api/auth/grant.js';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1_000;
const LEEWAY = LEEWAY_MS / 1_000;
const GOOD = { exp: NOW + 60, aud: 'grapevine', iss: 'https://id.example', sub: 'alice' };

const read = (claims: unknown, issuer?: string) =>
  readClaims(claims, { audience: 'grapevine', issuer }, { keyId: 'key', nowMs: NOW_MS });

describe('the claims of a token', () => {
  it('become a grant', () => {
    expect(read({ ...GOOD, publish: ['news.>'], subscribe: ['chat', 'news.*'] })).toEqual({
      ok: true,
      value: {
        subject: '["https://id.example","alice"]',
        publish: ['news.>'],
        subscribe: ['chat', 'news.*'],
        expiresAtMs: NOW_MS + 60_000,
        keyId: 'key',
      },
    });
  });

  it('grant nothing that they do not name', () => {
    expect(read(GOOD)).toMatchObject({ ok: true, value: { publish: [], subscribe: [] } });
  });

  it.each([
    ['no expiry', { exp: undefined }],
    ['an expiry that is no number', { exp: `${NOW + 60}` }],
    ['an expiry beyond all times', { exp: 1e308 }],
    ['an expiry that no date can name', { exp: 8.64e12 + 1 }],
    ['an expiry that is no time', { exp: -1 }],
    ['expired', { exp: NOW - LEEWAY }],
    ['not valid yet', { nbf: NOW + LEEWAY + 1 }],
    ['an nbf that is no number', { nbf: 'now' }],
    ['no audience', { aud: undefined }],
    ['another audience', { aud: 'grapevines' }],
    ['other audiences', { aud: ['a', 'b'] }],
    ['an audience in an object', { aud: { grapevine: true } }],
    ['a subject that is no text', { sub: 7 }],
    ['an empty subject', { sub: '' }],
    ['a subject that is too long', { sub: 's'.repeat(256) }],
    ['a grant that is no list', { publish: 'news.>' }],
    ['a grant of other things than texts', { publish: [1] }],
    ['a grant that is no pattern', { subscribe: ['a..b'] }],
    ['a grant with too much', { subscribe: Array.from({ length: GRANTED_PATTERNS_MAX + 1 }, (_, n) => `t${n}`) }],
  ])('are refused with %s', (_what, wrong) => {
    expect(read({ ...GOOD, ...wrong })).toMatchObject({ ok: false });
  });

  it('may be off by the leeway, and name several audiences', () => {
    expect(read({ ...GOOD, exp: NOW - LEEWAY + 0.001, nbf: NOW + LEEWAY, aud: ['x', 'grapevine'] }).ok).toBe(true);
  });

  it('must be from the issuer when one is expected', () => {
    expect(read(GOOD, 'https://id.example').ok).toBe(true);
    expect(read(GOOD, 'https://other.example').ok).toBe(false);
    expect(read({ ...GOOD, iss: undefined }, 'https://id.example').ok).toBe(false);
  });

  it('are refused, never thrown at, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (claims) => {
        expect(read(claims).ok).toBe(false);
      }),
    );
  });
});

describe('a grant', () => {
  const grant: Grant = { subject: undefined, publish: ['a'], subscribe: ['news.>', '*'], expiresAtMs: 0, keyId: '' };

  it.each([
    ['publish', 'a', true],
    ['publish', 'b', false],
    ['subscribe', 'a', true],
    ['subscribe', '*', true],
    ['subscribe', '>', false],
    ['subscribe', 'news.*.x', true],
    ['subscribe', 'news.>', true],
    ['subscribe', 'news', true],
    ['subscribe', 'a.b', false],
  ] as const)('for %s of %s: %s', (deed, pattern, expected) => {
    expect(isGranted(grant, deed, pattern)).toBe(expected);
  });
});
