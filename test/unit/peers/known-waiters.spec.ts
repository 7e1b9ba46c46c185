import { describe, expect, it } from 'vitest';
import { KnownWaiters } from '../../../src/peers/membership/known-waiters.js';

function waiting(...dueMs: number[]): { waiters: KnownWaiters; resumed: number[] } {
  const waiters = new KnownWaiters();
  const resumed: number[] = [];
  for (const due of dueMs) waiters.add(due, () => resumed.push(due));
  return { waiters, resumed };
}

describe('known waiters', () => {
  it('are resumed when their time is over, each once', () => {
    const { waiters, resumed } = waiting(30, 10, 20);
    expect(waiters.nextDueMs).toBe(10);
    waiters.check(false, 20);
    waiters.check(false, 20);
    expect(resumed).toEqual([10, 20]);
    expect(waiters.nextDueMs).toBe(30);
  });

  it('are all resumed when the interest is known', () => {
    const { waiters, resumed } = waiting(30, 10);
    waiters.check(true, 0);
    expect(resumed).toEqual([30, 10]);
    expect(waiters.nextDueMs).toBeUndefined();
  });
});
