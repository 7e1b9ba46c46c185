import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerQueue } from '../../../src/runtime/timer-queue.js';

const step = fc.oneof(
  fc.record({ type: fc.constant('add' as const), afterMs: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 15 }) }),
);

describe('a timer queue', () => {
  it('gives timers in order of due time, equal ones in order of insertion, none early, none twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new TimerQueue<number>();
        let waiting: { dueMs: number; id: number }[] = [];
        let nowMs = 0;
        for (const [id, next] of steps.entries()) {
          if (next.type === 'add') {
            queue.add(nowMs + next.afterMs, id);
            waiting.push({ dueMs: nowMs + next.afterMs, id });
          } else {
            nowMs += next.ms;
            const expected = waiting
              .filter((timer) => timer.dueMs <= nowMs)
              .toSorted((a, b) => a.dueMs - b.dueMs || a.id - b.id)
              .map((timer) => timer.id);
            waiting = waiting.filter((timer) => timer.dueMs > nowMs);
            const taken: number[] = [];
            for (let id = queue.takeDue(nowMs); id !== undefined; id = queue.takeDue(nowMs)) taken.push(id);
            expect(taken).toEqual(expected);
          }
          expect(queue.size).toBe(waiting.length);
          expect(queue.nextDueMs).toBe(
            waiting.length === 0 ? undefined : Math.min(...waiting.map((timer) => timer.dueMs)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
