import { describe, expect, it } from 'vitest';
import { RACE_MS, staysInRace } from '../../../src/peers/links/link-race.js';

const byA = (establishedAtMs: number): { dialledBy: string; establishedAtMs: number } => ({
  dialledBy: 'A',
  establishedAtMs,
});
const byB = (establishedAtMs: number): { dialledBy: string; establishedAtMs: number } => ({
  dialledBy: 'B',
  establishedAtMs,
});

describe('two links to one peer', () => {
  it('leave the one that the lower id dialled, whichever end sees which first', () => {
    expect(staysInRace(byA(0), byB(20))).toBe('existing');
    expect(staysInRace(byB(0), byA(20))).toBe('candidate');
  });

  it('leave the newer one when the same end dialled both, as it has lost the first', () => {
    expect(staysInRace(byA(0), byA(20))).toBe('candidate');
    expect(staysInRace(byB(0), byB(20))).toBe('candidate');
  });

  it('leave the newer one when it comes too late for a race', () => {
    expect(staysInRace(byA(0), byB(RACE_MS))).toBe('candidate');
    expect(staysInRace(byA(0), byB(RACE_MS - 1))).toBe('existing');
  });
});
