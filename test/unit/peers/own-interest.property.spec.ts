import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coveringEntries } from '../../../src/peers/interest/covering-patterns.js';
import { InterestTable } from '../../../src/peers/interest/interest-table.js';
import type { InterestSegment } from '../../../src/peers/interest/interest-segment.js';
import { OwnInterestCore } from '../../../src/peers/interest/own-interest.js';
import { PatternTree } from '../../../src/topics/pattern-tree.js';
import { idOf, signed } from './statements-of.js';

const entries = fc.uniqueArray(
  fc.record({ pattern: fc.constantFrom('a', 'b', 'c', 'd.*', 'e.>', '>'), sinceMs: fc.nat({ max: 2 }) }),
  { selector: (entry) => entry.pattern, maxLength: 6 },
);

/** Runs a core over changes with gaps between them, rings its timers, and collects what it announces. */
function announcedBy(changes: readonly { wanted: readonly { pattern: string; sinceMs: number }[]; afterMs: number }[]) {
  const core = new OwnInterestCore(idOf(1), 5);
  const announced: { atMs: number; segment: InterestSegment }[] = [];
  let dueMs = Number.POSITIVE_INFINITY;
  const handle = (input: Parameters<typeof core.handle>[0], nowMs: number): void => {
    for (const output of core.handle(input, nowMs)) {
      if (output.type === 'schedule') dueMs = nowMs + output.afterMs;
      else announced.push({ atMs: nowMs, segment: output.segment });
    }
  };
  let nowMs = 0;
  const ring = (untilMs: number): void => {
    if (dueMs > untilMs) return;
    const ringMs = dueMs;
    dueMs = Number.POSITIVE_INFINITY;
    handle({ type: 'timer', timer: 'announce' }, ringMs);
  };
  for (const { wanted, afterMs } of changes) {
    ring((nowMs += afterMs));
    handle({ type: 'wanted', entries: wanted }, nowMs);
  }
  ring(nowMs + 1_000);
  return announced;
}

describe('announcing the own interest', () => {
  const changes = fc.array(fc.record({ wanted: entries, afterMs: fc.nat({ max: 150 }) }), {
    minLength: 1,
    maxLength: 80,
  });

  it('ends with everybody knowing what is wanted last', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const table = new InterestTable();
        for (const { segment } of announcedBy(list)) expect(table.merge(signed(segment))).toBe('applied');
        const wanted = list.at(-1)!.wanted;
        expect([...table.patterns(idOf(1))].sort()).toEqual(wanted.map(({ pattern }) => pattern).sort());
        const sinceMs = wanted
          .filter(({ pattern }) => pattern === 'a' || pattern === '>')
          .map((entry) => entry.sinceMs);
        expect(table.wanting('a').get(idOf(1))).toBe(sinceMs.length === 0 ? undefined : Math.min(...sinceMs));
      }),
    );
  });

  it('never makes more than ten versions a second, and they count up by one', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const announced = announcedBy(list);
        announced.forEach(({ atMs, segment }, at) => {
          expect(segment.version).toBe(at + 1);
          if (at > 0) expect(atMs - announced[at - 1]!.atMs).toBeGreaterThanOrEqual(100);
        });
      }),
    );
  });

  it('begins with a snapshot, also of nothing, and makes a new one before others would refuse more steps', () => {
    const toggles = Array.from({ length: 200 }, (_, at) => ({
      wanted: at % 2 === 0 ? [] : [{ pattern: 'a', sinceMs: 0 }],
      afterMs: 100,
    }));
    const bases = announcedBy(toggles).map(({ segment }) => segment.base);
    expect(bases).toHaveLength(200);
    expect(bases[0]).toBe(0);
    expect(bases.filter((base) => base === 0).length).toBeGreaterThanOrEqual(8);
  });

  it('says nothing when nothing changed', () => {
    const wanted = [{ pattern: 'a', sinceMs: 1 }];
    expect(announcedBy([1, 2, 3].map(() => ({ wanted, afterMs: 500 })))).toHaveLength(1);
  });
});

describe('covering patterns', () => {
  const topic = fc.array(fc.constantFrom('x', 'y', 'z', 'verylongtoken'.repeat(4)), { minLength: 1, maxLength: 4 });

  it('leave a small interest as it is', () => {
    const small = [
      { pattern: 'a.b', sinceMs: 2 },
      { pattern: '*', sinceMs: 1 },
    ];
    expect(coveringEntries(small)).toEqual(small);
  });

  it('are few, and match whatever the many matched, since no later', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'deep.', 'a.b.'), topic, fc.nat({ max: 4_999 }), (prefix, tokens, at) => {
        const many = Array.from({ length: 5_000 }, (_, index) => ({
          pattern: `${prefix}${tokens.join('.')}.n${index}`,
          sinceMs: index,
        }));
        const covering = coveringEntries(many);
        expect(covering.length).toBeLessThanOrEqual(4_096);
        const tree = new PatternTree<number>();
        for (const { pattern, sinceMs } of covering) tree.add(pattern, sinceMs);
        expect(Math.min(...tree.match(many[at]!.pattern))).toBeLessThanOrEqual(at);
      }),
      { numRuns: 20 },
    );
  });

  it('keep what is not crowded precise', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => ({ pattern: `sensors.hall.n${index}`, sinceMs: 5 }));
    expect(coveringEntries([...many, { pattern: 'chat', sinceMs: 7 }])).toEqual([
      { pattern: 'sensors.hall.>', sinceMs: 5 },
      { pattern: 'chat', sinceMs: 7 },
    ]);
  });
});
