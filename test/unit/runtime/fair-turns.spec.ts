import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FairTurns, TURN_MS } from '../../../src/runtime/fair-turns.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';

const clock = new SystemClock();

/** Keeps the event loop for half of what a turn may take. */
function work(): void {
  const untilMs = clock.monotonicMs() + TURN_MS / 2;
  while (clock.monotonicMs() < untilMs);
}

describe('fair turns', () => {
  it('are shared out anew in each turn, however many wait', async () => {
    const turns = new FairTurns(clock);
    const workedAt: number[] = [];
    let turn = 0;
    const count = (): void => {
      turn++;
      if (workedAt.length < 12) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        while (turns.isOver()) await nextTurn();
        workedAt.push(turn);
        work();
      }),
    );
    const most = Math.max(...workedAt.map((at) => workedAt.filter((other) => other === at).length));
    expect(most).toBeLessThanOrEqual(4);
    expect(workedAt).toHaveLength(12);
  });

  it('are not over when little was done', () => {
    const turns = new FairTurns(clock);
    expect(turns.isOver()).toBe(false);
    expect(turns.isOver()).toBe(false);
  });
});
