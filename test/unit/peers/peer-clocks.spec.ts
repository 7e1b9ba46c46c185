import { describe, expect, it } from 'vitest';
import { PeerClocks } from '../../../src/peers/membership/peer-clocks.js';

describe('the clocks of others', () => {
  it('are where they were when the own wall clock is stepped', () => {
    const clocks = new PeerClocks();
    clocks.measured('a', { rttMs: 4, clockOffsetMs: 500 }, { wallMs: 10_000, monotonicMs: 100 });
    expect(clocks.offsetMs('a', { wallMs: 10_050, monotonicMs: 150 })).toBe(500);
    expect(clocks.offsetMs('a', { wallMs: 9_050, monotonicMs: 150 })).toBe(1_500);
  });

  it('are remembered without a link, and known for sure only when measured over the one there is', () => {
    const clocks = new PeerClocks();
    const own = { wallMs: 10_000, monotonicMs: 100 };
    clocks.measured('a', { rttMs: 4, clockOffsetMs: 500 }, own);
    clocks.linkDown('a');
    expect(clocks.rttMs('a')).toBeUndefined();
    expect(clocks.offsetMs('a', own)).toBe(500);
    clocks.forget('a');
    expect(clocks.offsetMs('a', own)).toBeUndefined();
  });
});
