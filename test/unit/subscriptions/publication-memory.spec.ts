import { describe, expect, it } from 'vitest';
import { PublicationMemory } from '../../../src/subscriptions/publication-memory.js';
import { KEYS_REMEMBERED, REPEATS_SUPPRESSED_MS } from '../../../src/subscriptions/repeat-filter.js';

describe('a memory of publications', () => {
  it('gives the first outcome again for the same request, and knows another one', () => {
    const memory = new PublicationMemory<number>();
    expect(memory.find('k', 'print', 0)).toBeUndefined();
    memory.remember('k', { fingerprint: 'print', outcome: 7 }, 0);
    expect(memory.find('k', 'print', 1)).toMatchObject({ outcome: 7 });
    expect(memory.find('k', 'other', 1)).toBe('mismatch');
  });

  it('forgets after the time for repeats, and what came to nothing', () => {
    const memory = new PublicationMemory<number>();
    memory.remember('k', { fingerprint: 'print', outcome: 7 }, 0);
    expect(memory.find('k', 'print', REPEATS_SUPPRESSED_MS)).toBeUndefined();
    memory.forget('k', 8, 1);
    expect(memory.find('k', 'print', 1)).toMatchObject({ outcome: 7 });
    memory.forget('k', 7, 1);
    expect(memory.find('k', 'print', 1)).toBeUndefined();
  });

  it('forgets the oldest above its bound', () => {
    const memory = new PublicationMemory<number>({ ...KEYS_REMEMBERED, sizeMax: 2 });
    for (const key of ['a', 'b', 'c']) memory.remember(key, { fingerprint: key, outcome: 1 }, 0);
    expect(['a', 'b', 'c'].map((key) => memory.find(key, key, 0) === undefined)).toEqual([true, false, false]);
  });
});
