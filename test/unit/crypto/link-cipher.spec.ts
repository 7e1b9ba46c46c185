import { describe, expect, it } from 'vitest';
import { LINK_SEAL_BYTES, LinkCipher } from '../../../src/crypto/link-cipher.js';
import { flipped, key32 } from './node-fixture.js';

const frame = (number: number): Buffer => Buffer.from(`frame ${number}`);

describe('a link cipher', () => {
  it('opens in order what the other end sealed, and nothing shows through', () => {
    const key = key32();
    const [sender, receiver] = [new LinkCipher(key), new LinkCipher(key)];
    for (let number = 0; number < 5; number++) {
      const sealed = sender.seal(frame(number));
      expect(sealed.length).toBe(frame(number).length + LINK_SEAL_BYTES);
      expect(sealed.includes('frame')).toBe(false);
      expect(receiver.open(sealed)?.toString()).toBe(`frame ${number}`);
    }
  });

  it('carries empty frames', () => {
    const key = key32();
    expect(new LinkCipher(key).open(new LinkCipher(key).seal(Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
  });

  it('seals equal frames differently', () => {
    const sender = new LinkCipher(key32());
    expect(sender.seal(frame(1)).equals(sender.seal(frame(1)))).toBe(false);
  });

  it.each<[string, (sealed: Buffer[]) => Buffer | undefined]>([
    ['repeated', (sealed) => sealed[0]],
    ['skipped', (sealed) => sealed[2]],
    ['changed', (sealed) => flipped(sealed[1]!, 9)],
    ['truncated', (sealed) => sealed[1]?.subarray(0, -1)],
    ['shorter than a tag', () => Buffer.alloc(LINK_SEAL_BYTES - 1)],
    ['empty', () => Buffer.alloc(0)],
  ])('opens no %s frame, and none after it', (_, choose) => {
    const key = key32();
    const [sender, receiver] = [new LinkCipher(key), new LinkCipher(key)];
    const sealed = [0, 1, 2].map((number) => sender.seal(frame(number)));
    expect(receiver.open(sealed[0]!)).toEqual(frame(0));
    expect(receiver.open(choose(sealed) ?? Buffer.alloc(0))).toBeUndefined();
    expect(receiver.open(sealed[1]!)).toBeUndefined();
  });

  it.each([
    { frames: 3, bytes: Number.MAX_SAFE_INTEGER },
    { frames: Number.MAX_SAFE_INTEGER, bytes: 20 },
  ])('changes its key in step with the other end after %o', (rekeyAfter) => {
    const key = key32();
    const [sender, receiver] = [new LinkCipher(key, rekeyAfter), new LinkCipher(key, rekeyAfter)];
    const withoutRekey = new LinkCipher(key);
    const sealed = Array.from({ length: 20 }, (_, number) => sender.seal(frame(number)));
    expect(sealed.map((bytes) => receiver.open(bytes))).toEqual(sealed.map((_, number) => frame(number)));
    expect(sealed.map((bytes) => withoutRekey.open(bytes) !== undefined).filter(Boolean)).toHaveLength(3);
  });
});
