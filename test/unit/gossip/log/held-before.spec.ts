import { describe, expect, it } from 'vitest';
import { heldBefore } from '../../../../src/gossip/log/held-before.js';

describe('what a log held before a time', () => {
  const logOf = (floor: number, changedAtMs: number, before: number) => ({
    extent: () => ({ floor, changedAtMs }),
    seqBefore: () => before,
  });

  it('is what came in before it', () => {
    expect(heldBefore(logOf(10, 100, 15), 'stream', 50)).toBe(15);
  });

  it('reaches to the end of a stream that retention has emptied since', () => {
    expect(heldBefore(logOf(10, 40, 10), 'stream', 50)).toBe(10);
  });

  it('is not the floor when all came in later', () => {
    expect(heldBefore(logOf(10, 100, 10), 'stream', 50)).toBe(0);
    expect(heldBefore({ ...logOf(10, 100, 10), extent: () => undefined }, 'stream', 50)).toBe(0);
  });
});
