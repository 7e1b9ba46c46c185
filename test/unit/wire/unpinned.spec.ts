import { describe, expect, it } from 'vitest';
import { unpinned } from '../../../src/wire/unpinned.js';

describe('a view that is kept', () => {
  it('does not keep a record that is much larger than itself', () => {
    const record = Buffer.alloc(1024 * 1024, 7);
    const kept = unpinned(record.subarray(1_000, 1_300));
    expect(kept).toEqual(Buffer.alloc(300, 7));
    expect(kept.buffer.byteLength).toBeLessThan(64 * 1024);
  });

  it('is no copy when it is most of its record', () => {
    const record = Buffer.alloc(100_000, 7);
    expect(unpinned(record.subarray(10_000)).buffer).toBe(record.buffer);
  });
});
