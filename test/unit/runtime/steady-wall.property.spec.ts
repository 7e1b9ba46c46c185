import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SteadyWall } from '../../../src/runtime/steady-wall.js';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

describe('the wall clock of a node', () => {
  it('is that of the machine as long as that is not stepped', () => {
    const wall = new SteadyWall();
    for (let ms = 0; ms < 10_000; ms += 7) expect(wall.read(START_MS + ms, ms)).toBe(START_MS + ms);
  });

  it('goes on when the machine steps back ten minutes, measures ages, and agrees again in time', () => {
    const wall = new SteadyWall();
    const before = wall.read(START_MS, 0);
    const stepped = START_MS - 600_000;
    expect(wall.read(stepped, 0)).toBe(before);
    const age = wall.read(stepped + 30_000, 30_000) - before;
    expect(Math.abs(age - 30_000)).toBeLessThan(1_000);
    expect(wall.aheadMs).toBeGreaterThan(500_000);
    const later = 9 * HOUR_MS;
    expect(wall.read(stepped + later, later)).toBe(stepped + later);
    expect(wall.aheadMs).toBe(0);
  });

  it('begins where it was in an earlier life, unless that was plainly wrong', () => {
    const wall = new SteadyWall();
    wall.notBefore(START_MS + HOUR_MS, START_MS);
    expect(wall.read(START_MS, 0)).toBe(START_MS + HOUR_MS);
    expect(wall.read(START_MS + 1_000, 1_000)).toBeGreaterThan(START_MS + HOUR_MS);
    const other = new SteadyWall();
    other.notBefore(START_MS + 1_000 * HOUR_MS, START_MS);
    other.notBefore(START_MS - HOUR_MS, START_MS);
    expect(other.read(START_MS, 0)).toBe(START_MS);
  });

  it('follows a step ahead at once', () => {
    const wall = new SteadyWall();
    wall.read(START_MS, 0);
    expect(wall.read(START_MS + HOUR_MS, 1_000)).toBe(START_MS + HOUR_MS);
  });

  it('never goes back, whatever the machine does', () => {
    const step = fc.record({ elapsedMs: fc.nat({ max: 10_000 }), stepMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const wall = new SteadyWall();
        let [rawMs, monotonicMs] = [START_MS, 0];
        let last = wall.read(rawMs, monotonicMs);
        for (const { elapsedMs, stepMs } of steps) {
          monotonicMs += elapsedMs;
          rawMs += elapsedMs + stepMs;
          const shown = wall.read(rawMs, monotonicMs);
          expect(shown).toBeGreaterThanOrEqual(last);
          last = shown;
        }
      }),
    );
  });
});
