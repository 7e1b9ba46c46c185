import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternTree } from '../../../src/topics/pattern-tree.js';
import { bySpecificity, covers, overlaps } from '../../../src/topics/pattern-relations.js';

const TOKENS = ['a', 'b'];
const DEPTH_MAX = 4;

/** All topics of two names and up to four levels: enough to tell patterns of up to three levels apart. */
const TOPICS = topicsOf(DEPTH_MAX);

function topicsOf(depth: number): string[] {
  if (depth === 0) return [];
  const shorter = topicsOf(depth - 1);
  return [...TOKENS, ...shorter.flatMap((topic) => TOKENS.map((token) => `${token}.${topic}`))];
}

const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: DEPTH_MAX - 2 }), fc.constantFrom('a', '*', '>'))
  .map(([tokens, last]) => [...tokens, last].join('.'));

function matching(one: string): Set<string> {
  const tree = new PatternTree<string>();
  tree.add(one, one);
  return new Set(TOPICS.filter((topic) => tree.matches(topic)));
}

describe('two patterns', () => {
  it('overlap and cover as the topics say that match them', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const [mine, theirs] = [matching(one), matching(other)];
        expect(overlaps(one, other)).toBe([...mine].some((topic) => theirs.has(topic)));
        expect(covers(one, other)).toBe([...theirs].every((topic) => mine.has(topic)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('that match one topic are in an order, the more specific first', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        fc.pre(overlaps(one, other));
        expect(Math.sign(bySpecificity(one, other)) + Math.sign(bySpecificity(other, one))).toBe(0);
        if (bySpecificity(one, other) === 0) expect(one).toBe(other);
      }),
      { numRuns: 2_000 },
    );
    expect(bySpecificity('a.*', 'a.>')).toBeLessThan(0);
    expect(bySpecificity('a.>', '*.b')).toBeLessThan(0);
  });
});
