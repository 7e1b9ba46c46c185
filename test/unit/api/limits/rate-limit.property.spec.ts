import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../../src/api/limits/rate-limit.js';

describe('a rate limit', () => {
  it('lets ten seconds’ worth through at once, and afterwards so many a second', () => {
    const limit = new RateLimit({ perSecond: 5, clientsMax: 10 });
    const passed = (nowMs: number, tries: number): number =>
      Array.from({ length: tries }, () => limit.take('a', 1, nowMs)).filter((waitMs) => waitMs === 0).length;
    expect(passed(0, 100)).toBe(50);
    expect(passed(1_000, 100)).toBe(5);
    expect(passed(100_000, 100)).toBe(50);
  });

  it('never lets through more than flowed in', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(5_000), cost: fc.integer({ min: 1, max: 30 }) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (perSecond, asked) => {
        const limit = new RateLimit({ perSecond, clientsMax: 1 });
        let [nowMs, passed] = [0, 0];
        for (const { afterMs, cost } of asked) {
          nowMs += afterMs;
          if (limit.take('a', cost, nowMs) === 0) passed += cost;
          // A debt is at most what is larger than a bucket.
          expect(passed).toBeLessThanOrEqual(perSecond * 10 + (nowMs * perSecond) / 1_000 + 30);
        }
      }),
    );
  });

  it('says how long to wait, and keeps its word', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), costs, (perSecond, asked) => {
        const limit = new RateLimit({ perSecond, clientsMax: 1 });
        let nowMs = 0;
        for (const cost of asked) {
          nowMs += Math.ceil(limit.take('a', cost, nowMs));
          const waitMs = limit.take('a', cost, nowMs);
          if (waitMs > 0) expect(limit.take('a', cost, nowMs + Math.ceil(waitMs))).toBe(0);
        }
      }),
    );
  });

  it('lets what is larger than a bucket pass when it is full, and makes its sender wait for it', () => {
    const limit = new RateLimit({ perSecond: 1, clientsMax: 1 });
    expect(limit.take('a', 100, 0)).toBe(0);
    expect(limit.take('a', 1, 0)).toBe(91_000);
    expect(limit.take('a', 1, 91_000)).toBe(0);
  });

  it('holds each client by itself, and remembers no more than it may, those that were quiet longest least', () => {
    const limit = new RateLimit({ perSecond: 1, clientsMax: 2 });
    for (const client of ['a', 'b', 'a', 'c']) limit.take(client, 10, 0);
    expect(limit.size).toBe(2);
    expect(limit.take('a', 1, 0)).toBeGreaterThan(0);
    expect(limit.take('c', 1, 0)).toBeGreaterThan(0);
    expect(limit.take('b', 1, 0)).toBe(0);
  });

  it('of 0 is none', () => {
    const limit = new RateLimit({ perSecond: 0, clientsMax: 2 });
    expect([limit.take('a', 1e9, 0), limit.size]).toEqual([0, 0]);
  });
});
