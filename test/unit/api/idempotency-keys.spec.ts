import { describe, expect, it } from 'vitest';
import { IdempotencyKeys } from '../../../src/api/idempotency-keys.js';
import { KEYS_REMEMBERED, REPEATS_SUPPRESSED_MS } from '../../../src/subscriptions/repeat-filter.js';

describe('IdempotencyKeys', () => {
  it('lets a key stand for one request', () => {
    const keys = new IdempotencyKeys();
    expect(keys.claim('k', 'one', 0)).toBe(true);
    expect(keys.claim('k', 'one', 1)).toBe(true);
    expect(keys.claim('k', 'other', 2)).toBe(false);
    expect(keys.claim('k2', 'other', 2)).toBe(true);
  });

  it('frees a key whose request came to nothing', () => {
    const keys = new IdempotencyKeys();
    keys.claim('k', 'one', 0);
    keys.release('k');
    expect(keys.claim('k', 'other', 1)).toBe(true);
  });

  it('forgets a key after its time', () => {
    const keys = new IdempotencyKeys();
    keys.claim('k', 'one', 0);
    expect(keys.claim('k', 'other', REPEATS_SUPPRESSED_MS - 1)).toBe(false);
    expect(keys.claim('k', 'other', REPEATS_SUPPRESSED_MS)).toBe(true);
  });

  it('forgets the oldest keys first at its bound', () => {
    const keys = new IdempotencyKeys({ ...KEYS_REMEMBERED, sizeMax: 3 });
    for (const key of ['a', 'b', 'c', 'd']) keys.claim(key, 'one', 0);
    expect(keys.claim('b', 'other', 0)).toBe(false);
    expect(keys.claim('d', 'other', 0)).toBe(false);
    expect(keys.claim('a', 'other', 0)).toBe(true);
  });
});
