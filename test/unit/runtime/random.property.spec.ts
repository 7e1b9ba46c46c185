import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/runtime/random.js';

const seed = fc.maxSafeNat();

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.u32());
}

describe('a seeded generator', () => {
  it('gives the same numbers for the same seed', () => {
    fc.assert(
      fc.property(seed, (value) => {
        expect(draw(new Random(value), 20)).toEqual(draw(new Random(value), 20));
      }),
    );
  });

  it('gives other numbers for other seeds, also for those above 32 bits', () => {
    const firsts = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 40].map((value) => draw(new Random(value), 4).join());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('stays within the range it is asked for', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 2 ** 32 }), (value, below) => {
        const random = new Random(value);
        for (let drawn = 0; drawn < 50; drawn++) {
          const int = random.int(below);
          expect(Number.isInteger(int) && int >= 0 && int < below).toBe(true);
          const between = random.between(-5, below);
          expect(between >= -5 && between < below).toBe(true);
        }
      }),
    );
  });

  it('spreads numbers and their bits evenly', () => {
    const random = new Random(7);
    const buckets = Array.from({ length: 16 }, () => 0);
    for (let drawn = 0; drawn < 16_000; drawn++) buckets[random.int(16)]!++;
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('shuffles a copy: the same items, and every place is reached', () => {
    fc.assert(
      fc.property(seed, fc.array(fc.integer()), (value, items) => {
        const before = [...items];
        const shuffled = new Random(value).shuffle(items);
        expect(items).toEqual(before);
        expect(shuffled.toSorted()).toEqual(before.toSorted());
      }),
    );
    const random = new Random(1);
    const orders = new Set(Array.from({ length: 200 }, () => random.shuffle(['a', 'b', 'c']).join('')));
    expect([...orders].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });

  it('picks nothing from nothing', () => {
    expect(new Random(1).pick([])).toBeUndefined();
    expect(new Random(1).pick(['only'])).toBe('only');
  });
});
