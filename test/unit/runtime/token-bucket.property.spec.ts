import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/runtime/token-bucket.js';

describe('a token bucket', () => {
  it('grants its burst and no more, and then what time brings', () => {
    const bucket = new TokenBucket({ burst: 3, perSecond: 10 }, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
    expect(bucket.waitMs(3, 1_000_000)).toBe(0);
    expect(bucket.take(4, 1_000_000)).toBe(false);
  });

  it('never grants more than burst + rate · time, whatever is asked for when, also by a clock that stands still', () => {
    const step = fc.record({ tokens: fc.nat({ max: 20 }), afterMs: fc.nat({ max: 500 }) });
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 100 }), fc.array(step), (burst, perSecond, steps) => {
        const bucket = new TokenBucket({ burst, perSecond }, 0);
        let nowMs = 0;
        let granted = 0;
        for (const { tokens, afterMs } of steps) {
          nowMs += afterMs;
          if (bucket.take(tokens, nowMs)) granted += tokens;
          expect(granted).toBeLessThanOrEqual(burst + (perSecond * nowMs) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
