import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternTree } from '../../../src/topics/pattern-tree.js';
import { TopicTree } from '../../../src/topics/topic-tree.js';

const token = fc.constantFrom('a', 'b', 'c', '__proto__');
const topic = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, endsWide]) => [...(endsWide ? tokens.slice(0, -1) : tokens), ...(endsWide ? ['>'] : [])].join('.'));

function treeOf(topics: Iterable<string>): TopicTree<{ topic: string }> {
  const tree = new TopicTree<{ topic: string }>();
  for (const each of topics) tree.set(each, { topic: each });
  return tree;
}

describe('a topic tree', () => {
  it('finds what a pattern tree says that the pattern matches', () => {
    fc.assert(
      fc.property(fc.array(topic), fc.array(topic), pattern, (added, deleted, wanted) => {
        const tree = treeOf(added);
        for (const each of deleted) tree.delete(each);
        const left = [...new Set(added)].filter((each) => !deleted.includes(each));
        const patterns = new PatternTree<null>();
        patterns.add(wanted, null);
        const found = [...tree.matching(wanted)].map((value) => value.topic);
        expect(found.toSorted()).toEqual(left.filter((each) => patterns.matches(each)).toSorted());
        for (const each of left) expect(tree.get(each)).toEqual({ topic: each });
        for (const each of deleted) expect(tree.get(each)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('looks at no topics but those under the pattern', () => {
    const tree = treeOf(Array.from({ length: 10_000 }, (_, at) => `many.${at}`));
    tree.set('few.1', { topic: 'few.1' });
    const found = tree.matching('few.*');
    expect(found.next().value).toEqual({ topic: 'few.1' });
    expect(found.next().done).toBe(true);
  });

  it('can be gone through while topics come and go', () => {
    const tree = treeOf(['a.1', 'a.2', 'a.3']);
    const seen: string[] = [];
    for (const each of tree.matching('a.>')) {
      seen.push(each.topic);
      tree.delete('a.2');
      tree.set('a.4', { topic: 'a.4' });
    }
    expect(seen).toEqual(['a.1', 'a.3', 'a.4']);
  });
});
