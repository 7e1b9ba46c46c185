import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers } from '../../../src/topics/covers.js';
import { PatternTree } from '../../../src/topics/pattern-tree.js';

const token = fc.constantFrom('a', 'b');
const topic = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 3 }), fc.constantFrom('a', 'b', '*', '>'))
  .map(([tokens, last]) => [...tokens, last].join('.'));

/** All topics that tell two patterns apart: as long as the longer one and one more, of the tokens that occur and one that does not. */
const topics: readonly string[] = [1, 2, 3, 4, 5].flatMap((levels) => {
  let found = [''];
  for (let level = 0; level < levels; level++) {
    found = found.flatMap((head) => ['a', 'b', 'z'].map((next) => (head === '' ? next : `${head}.${next}`)));
  }
  return found;
});

function matches(pattern: string, topic: string): boolean {
  const tree = new PatternTree<true>();
  tree.add(pattern, true);
  return tree.matches(topic);
}

describe('a pattern', () => {
  it('covers another exactly when it matches every topic that the other matches', () => {
    fc.assert(
      fc.property(pattern, pattern, (cover, covered) => {
        const isCovered = topics.every((each) => !matches(covered, each) || matches(cover, each));
        expect(covers(cover, covered)).toBe(isCovered);
      }),
      { numRuns: 500 },
    );
  });

  it('covers the topics that it matches', () => {
    fc.assert(
      fc.property(pattern, topic, (cover, each) => {
        expect(covers(cover, each)).toBe(matches(cover, each));
      }),
    );
  });

  it('> covers all', () => {
    fc.assert(
      fc.property(pattern, (each) => {
        expect(covers('>', each)).toBe(true);
      }),
    );
  });
});
