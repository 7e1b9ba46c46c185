import { describe, expect, it } from 'vitest';
import { MutatedTree, plant } from './mutated-tree.js';
import { PLANTED_BUGS, SUITES } from './planted-bugs.js';

const LIMIT_MS = 600_000;

describe('planted bugs', () => {
  it.each(PLANTED_BUGS)('$name can still be planted', (bug) => {
    expect(plant(bug)).toContain(bug.replace);
  });

  it.each(SUITES)('one at least is for %s to notice', (suite) => {
    expect(PLANTED_BUGS.some(({ noticedBy }) => noticedBy[suite] !== undefined)).toBe(true);
  });

  it.each(PLANTED_BUGS.filter(({ isCheap }) => isCheap === true))(
    '$name is noticed',
    (bug) => {
      const suite = bug.noticedBy.sim === undefined ? 'unit' : 'sim';
      const tree = new MutatedTree(bug);
      try {
        expect(tree.run(suite, bug.noticedBy[suite]!).isRed).toBe(true);
      } finally {
        tree.close();
      }
    },
    LIMIT_MS,
  );
});
