import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EXCLUSION_MS,
  EXCLUSION_MS_MAX,
  HALF_LIFE_MS,
  PARDON_MS,
  Quarantine,
  SCORE_MAX,
  SUSPECTS_MAX,
} from '../../../src/peers/quarantine/quarantine.js';

const HALF = { reason: 'malformed-frame', weight: SCORE_MAX / 2 };
const ALL = { reason: 'forged-bundle', weight: SCORE_MAX };

describe('quarantine', () => {
  it('shuts a peer out that misbehaves too much in a short time, and says why', () => {
    const quarantine = new Quarantine();
    expect(quarantine.blame('B', HALF, 0)).toBeUndefined();
    expect(quarantine.isExcluded('B', 0)).toBe(false);
    expect(quarantine.blame('B', HALF, 0)).toEqual({ id: 'B', reason: 'malformed-frame', untilMs: EXCLUSION_MS });
    expect(quarantine.isExcluded('B', EXCLUSION_MS - 1)).toBe(true);
    expect(quarantine.excluded(1)).toEqual([{ id: 'B', reason: 'malformed-frame', untilMs: EXCLUSION_MS }]);
    expect(quarantine.isExcluded('C', 1)).toBe(false);
  });

  it('lets it in again, with nothing held against it but that it was out', () => {
    const quarantine = new Quarantine();
    quarantine.blame('B', ALL, 0);
    expect(quarantine.isExcluded('B', EXCLUSION_MS)).toBe(false);
    expect(quarantine.excluded(EXCLUSION_MS)).toEqual([]);
    expect(quarantine.blame('B', HALF, EXCLUSION_MS)).toBeUndefined();
  });

  it('forgets single mishaps with time', () => {
    const quarantine = new Quarantine();
    for (let nowMs = 0; nowMs < 100 * HALF_LIFE_MS; nowMs += 2 * HALF_LIFE_MS) {
      expect(quarantine.blame('B', HALF, nowMs)).toBeUndefined();
    }
  });

  it('shuts out for longer every time, up to an hour, and for a short time again after a good day', () => {
    const quarantine = new Quarantine();
    let nowMs = 0;
    const exclusions = Array.from({ length: 12 }, () => {
      const exclusion = quarantine.blame('B', ALL, nowMs)!;
      const forMs = exclusion.untilMs - nowMs;
      nowMs = exclusion.untilMs;
      return forMs;
    });
    expect(exclusions.slice(0, 3)).toEqual([EXCLUSION_MS, 2 * EXCLUSION_MS, 4 * EXCLUSION_MS]);
    expect(exclusions.at(-1)).toBe(EXCLUSION_MS_MAX);
    nowMs += PARDON_MS + 1;
    expect(quarantine.blame('B', ALL, nowMs)!.untilMs - nowMs).toBe(EXCLUSION_MS);
  });

  it('does not prolong an exclusion for what was on its way when it began', () => {
    const quarantine = new Quarantine();
    quarantine.blame('B', ALL, 0);
    expect(quarantine.blame('B', ALL, 1)).toBeUndefined();
    expect(quarantine.excluded(1)).toEqual([{ id: 'B', reason: ALL.reason, untilMs: EXCLUSION_MS }]);
  });

  it('remembers a bounded number of peers, and at any time shuts out nobody who was not blamed', () => {
    const ids = fc.nat({ max: 3 * SUSPECTS_MAX }).map(String);
    const steps = fc.array(fc.record({ id: ids, weight: fc.nat({ max: SCORE_MAX }), afterMs: fc.nat(20_000) }));
    fc.assert(
      fc.property(steps, (script) => {
        const quarantine = new Quarantine();
        const blamed = new Set<string>();
        let nowMs = 0;
        for (const { id, weight, afterMs } of script) {
          nowMs += afterMs;
          blamed.add(id);
          quarantine.blame(id, { reason: 'malformed-frame', weight }, nowMs);
          for (const exclusion of quarantine.excluded(nowMs)) {
            expect(blamed.has(exclusion.id)).toBe(true);
            expect(exclusion.untilMs - nowMs).toBeLessThanOrEqual(EXCLUSION_MS_MAX);
          }
        }
      }),
    );
    const quarantine = new Quarantine();
    for (let id = 0; id < 3 * SUSPECTS_MAX; id++) quarantine.blame(String(id), ALL, 0);
    expect(quarantine.excluded(0)).toHaveLength(SUSPECTS_MAX);
  });
});
