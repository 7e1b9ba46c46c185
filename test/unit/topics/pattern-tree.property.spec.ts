import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternTree } from '../../../src/topics/pattern-tree.js';
import { isPattern, patternProblem, topicProblem } from '../../../src/topics/topic.js';

/** Written down token by token, as the definition has it: slow and obvious. */
function isMatch(pattern: string, topic: string): boolean {
  const wanted = pattern.split('.');
  const tokens = topic.split('.');
  for (const [level, want] of wanted.entries()) {
    if (want === '>') return tokens.length > level;
    if (tokens.length <= level || (want !== '*' && want !== tokens[level])) return false;
  }
  return tokens.length === wanted.length;
}

const token = fc.constantFrom('a', 'b', 'c', 'aa', '__proto__');
const topic = fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([tokens, endsWide]) => [...(endsWide ? tokens.slice(0, -1) : tokens), ...(endsWide ? ['>'] : [])].join('.'));
const change = fc.record({
  isAdded: fc.boolean(),
  pattern: fc.oneof(topic, pattern),
  value: fc.integer({ min: 0, max: 4 }),
});

describe('a pattern tree', () => {
  it('agrees with the definition after any additions and deletions', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.array(topic, { maxLength: 8 }), (changes, topics) => {
        const tree = new PatternTree<number>();
        const pairs = new Map<string, { pattern: string; value: number }>();
        for (const { isAdded, pattern, value } of changes) {
          const key = `${pattern} ${value}`;
          expect(isAdded ? tree.add(pattern, value) : tree.delete(pattern, value)).toBe(pairs.has(key) !== isAdded);
          if (isAdded) pairs.set(key, { pattern, value });
          else pairs.delete(key);
          expect(tree.size).toBe(pairs.size);
        }
        for (const topic of topics) {
          const expected = [...pairs.values()].filter((pair) => isMatch(pair.pattern, topic));
          expect([...tree.match(topic)].toSorted()).toEqual(
            [...new Set(expected.map((pair) => pair.value))].toSorted(),
          );
          expect(tree.matches(topic)).toBe(expected.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('matches > to one or more tokens and * to exactly one', () => {
    const tree = new PatternTree<string>();
    for (const pattern of ['news.>', 'news.*', 'news', '>', '*']) tree.add(pattern, pattern);
    expect([...tree.match('news')].toSorted()).toEqual(['*', '>', 'news']);
    expect([...tree.match('news.eu')].toSorted()).toEqual(['>', 'news.*', 'news.>']);
    expect([...tree.match('news.eu.de')].toSorted()).toEqual(['>', 'news.>']);
  });

  it('costs a topic of many levels no more than the patterns that share them', () => {
    const tree = new PatternTree<string>();
    const deep = Array.from({ length: 128 }, () => 'a').join('.');
    tree.add('*.'.repeat(127) + '*', 'all');
    expect([...tree.match(deep)]).toEqual(['all']);
  });
});

describe('topics and patterns', () => {
  it.each(['chat', 'news.eu', 'a', 'Ünïcødé.テスト', '__proto__', 'x'.repeat(255), '$SYS', 'a-b_c'])(
    '%s is a topic',
    (text) => {
      expect(topicProblem(text)).toBeUndefined();
      expect(patternProblem(text)).toBeUndefined();
      expect(isPattern(text)).toBe(false);
    },
  );

  it.each(['*', '>', 'news.*', 'news.>', '*.eu.>', 'a.*.b'])('%s is a pattern and no topic', (text) => {
    expect(patternProblem(text)).toBeUndefined();
    expect(topicProblem(text)).toBeDefined();
    expect(isPattern(text)).toBe(true);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a\nb',
    'a\u00a0b',
    '>.a',
    'a.>.b',
    'a*',
    'a.b>',
    '**',
    'é'.repeat(128),
    '\ud800',
    'a\0',
  ])('%j is neither', (text) => {
    expect(topicProblem(text)).toBeDefined();
    expect(patternProblem(text)).toBeDefined();
  });

  it('have at most 128 levels', () => {
    const levels = (count: number): string => Array.from({ length: count }, () => 'a').join('.');
    expect(topicProblem(levels(128))).toBeUndefined();
    expect(topicProblem(levels(129))).toBe('a topic may have at most 255 bytes of UTF-8');
  });

  it('are judged without an exception, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        if (topicProblem(text) === undefined) expect(patternProblem(text)).toBeUndefined();
      }),
    );
  });
});
