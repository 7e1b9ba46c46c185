import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openBundle, sealBundle, signBundle, verifyBundle } from '../../../src/crypto/bundle-seal.js';
import { signBytes } from '../../../src/crypto/signature.js';
import { flipped, key32 } from './node-fixture.js';

const header = Buffer.from('header');
const plaintext = Buffer.from('content');

describe('a sealed bundle', () => {
  it('opens with the key, counter and header it was sealed with', () => {
    const key = key32();
    const ciphertext = sealBundle({ header, key, counter: 7, plaintext });
    expect(ciphertext.includes('content')).toBe(false);
    expect(openBundle({ header, key, counter: 7, ciphertext })).toEqual(plaintext);
  });

  it('does not open when one of them differs', () => {
    const key = key32();
    const ciphertext = sealBundle({ header, key, counter: 7, plaintext });
    expect(openBundle({ header, key: key32(), counter: 7, ciphertext })).toBeUndefined();
    expect(openBundle({ header, key, counter: 8, ciphertext })).toBeUndefined();
    expect(openBundle({ header, key, counter: 7 + 2 ** 32, ciphertext })).toBeUndefined();
    expect(openBundle({ header: flipped(header, 0), key, counter: 7, ciphertext })).toBeUndefined();
    expect(openBundle({ header, key, counter: 7, ciphertext: ciphertext.subarray(0, 3) })).toBeUndefined();
    for (let bit = 0; bit < ciphertext.length * 8; bit++) {
      expect(openBundle({ header, key, counter: 7, ciphertext: flipped(ciphertext, bit) })).toBeUndefined();
    }
  });

  it('is sealed differently at every counter', () => {
    const key = key32();
    const counters = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40];
    const sealed = counters.map((counter) => sealBundle({ header, key, counter, plaintext }).toString('hex'));
    expect(new Set(sealed).size).toBe(counters.length);
  });
});

describe('a signed bundle', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ciphertext = Buffer.from('ciphertext');
  const signature = signBundle(header, ciphertext, (bytes) => signBytes(privateKey, bytes));

  it('is accepted as its publisher signed it', () => {
    expect(verifyBundle(header, ciphertext, signature, publicKey)).toBe(true);
  });

  it('is refused with another header, ciphertext, signature or key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(verifyBundle(flipped(header, 1), ciphertext, signature, publicKey)).toBe(false);
    expect(verifyBundle(header, flipped(ciphertext, 1), signature, publicKey)).toBe(false);
    expect(verifyBundle(header, ciphertext, flipped(signature, 1), publicKey)).toBe(false);
    expect(verifyBundle(header, ciphertext, signature, other)).toBe(false);
  });

  it('cannot have bytes moved between header and ciphertext', () => {
    const joined = Buffer.concat([header, ciphertext]);
    for (let cut = 0; cut <= joined.length; cut++) {
      const isAccepted = verifyBundle(joined.subarray(0, cut), joined.subarray(cut), signature, publicKey);
      expect(isAccepted).toBe(cut === header.length);
    }
  });
});
