import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  keyIdOf,
  SealingKeys,
  unwrapTopicKey,
  WRAP_NONCE_BYTES,
  WRAPPED_KEY_BYTES,
  wrapTopicKey,
} from '../../../src/crypto/topic-keys.js';
import { flipped, key32 } from './node-fixture.js';

describe('sealing keys', () => {
  it('never give a key and counter twice', () => {
    const keys = new SealingKeys(randomBytes, 2);
    const turns = Array.from({ length: 60 }, (_, number) => {
      if (number % 20 === 19) keys.renewAll();
      if (number % 7 === 6) keys.renew('a');
      return keys.next(['a', 'b', 'c'][number % 3]!);
    });
    expect(new Set(turns.map(({ keyId, counter }) => `${keyId} ${counter}`)).size).toBe(turns.length);
  });

  it('stay the same for a topic, while the counter grows', () => {
    const keys = new SealingKeys(randomBytes);
    const [first, other, second] = [keys.next('a'), keys.next('b'), keys.next('a')];
    expect(second).toEqual({ ...first, counter: 1 });
    expect(other.keyId).not.toBe(first.keyId);
    expect(keys.current('a')).toMatchObject({ keyId: first.keyId });
  });

  it('are new after a renewal', () => {
    const keys = new SealingKeys(randomBytes);
    const [a, b] = [keys.next('a'), keys.next('b')];
    keys.renew('a');
    expect(keys.current('a')).toBeUndefined();
    expect(keys.next('a')).toMatchObject({ counter: 0 });
    expect(keys.next('a').keyId).not.toBe(a.keyId);
    expect(keys.next('b').keyId).toBe(b.keyId);
  });

  it('are dropped for the topics used least recently when there are too many', () => {
    const evicted: string[] = [];
    const keys = new SealingKeys(randomBytes, 2, (topic) => evicted.push(topic));
    const [a, b] = [keys.next('a'), keys.next('b')];
    keys.next('a');
    keys.next('c');
    expect(evicted).toEqual(['b']);
    expect(keys.next('a').keyId).toBe(a.keyId);
    expect(keys.next('b').keyId).not.toBe(b.keyId);
  });
});

describe('a wrapped topic key', () => {
  const [pairwise, key, nonce] = [key32(), key32(), randomBytes(WRAP_NONCE_BYTES)];
  const keyId = keyIdOf(key);
  const wrapped = wrapTopicKey({ pairwise, keyId, key, nonce });

  it('is unwrapped by who shares the pairwise key', () => {
    expect(wrapped).toHaveLength(WRAPPED_KEY_BYTES);
    expect(keyId).toMatch(/^[\w-]{22}$/);
    expect(unwrapTopicKey({ pairwise, keyId, wrapped })).toEqual(key);
  });

  it('is refused when it was changed or wrapped with another key', () => {
    for (let bit = 0; bit < wrapped.length * 8; bit += 5) {
      expect(unwrapTopicKey({ pairwise, keyId, wrapped: flipped(wrapped, bit) })).toBeUndefined();
    }
    expect(unwrapTopicKey({ pairwise: key32(), keyId, wrapped })).toBeUndefined();
    expect(unwrapTopicKey({ pairwise, keyId, wrapped: wrapped.subarray(1) })).toBeUndefined();
    expect(unwrapTopicKey({ pairwise, keyId, wrapped: Buffer.alloc(0) })).toBeUndefined();
  });

  it('is refused when the peer sent a pairwise key of another length', () => {
    expect(unwrapTopicKey({ pairwise: Buffer.from('short'), keyId, wrapped })).toBeUndefined();
  });

  it("is refused under another key's id", () => {
    const otherId = keyIdOf(key32());
    const passedOff = wrapTopicKey({ pairwise, keyId: otherId, key, nonce });
    expect(unwrapTopicKey({ pairwise, keyId: otherId, wrapped: passedOff })).toBeUndefined();
    expect(unwrapTopicKey({ pairwise, keyId: otherId, wrapped })).toBeUndefined();
  });
});
