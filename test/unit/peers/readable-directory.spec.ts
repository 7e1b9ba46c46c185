import { describe, expect, it } from 'vitest';
import { decodePolicy } from '../../../src/crypto/policy-file.js';
import { OPEN_POLICY, type TopicPolicy } from '../../../src/crypto/topic-policy.js';
import type { RowsQuery } from '../../../src/peers/directory-view.js';
import { ReadableDirectory } from '../../../src/peers/readable-directory.js';
import { nodeId } from '../gossip/arbitraries.js';
import { TestDirectory } from '../gossip/test-directory.js';

const [A, B, C] = [nodeId(1), nodeId(2), nodeId(3)].sort() as [string, string, string];

function policyOf(topics: object): TopicPolicy {
  const policy = decodePolicy(JSON.stringify({ topics }));
  if (!policy.ok) throw new Error(policy.reason);
  return policy.value;
}

describe('the directory as the rules let it be seen', () => {
  const rules = { current: OPEN_POLICY, shutOut: new Set<string>() };
  const readers = [A, B, C];
  const row = { pattern: 'orders', nodes: readers };
  let asked = 0;
  const all = Object.assign(new TestDirectory(readers), {
    interested: () => readers,
    rows: ({ counts = () => true }: RowsQuery) => [{ ...row, nodes: readers.filter((id) => counts(id, 'orders')) }],
    patterns: () => (asked++, ['orders']),
  });
  for (const id of [A, B, C]) all.want(id, 'orders', 1);
  const isAdmitted = ({ id }: { readonly id: string }): boolean => !rules.shutOut.has(id);
  const directory = new ReadableDirectory(() => all, rules, { isAdmitted });

  it('shows all interest where everything is open, and the same array until something changes', () => {
    expect(directory.interested('orders')).toEqual([A, B, C]);
    expect(directory.interested('orders')).toBe(directory.interested('orders'));
    expect([...directory.ignored()]).toEqual([]);
  });

  it('leaves out who may not read, and who is not admitted any more', () => {
    rules.current = policyOf({ orders: { read: [A, B] } });
    directory.rightsChanged();
    expect(directory.interested('orders')).toEqual([A, B]);
    expect([A, B, C].map((id) => directory.interestSince(id, 'orders'))).toEqual([1, 1, undefined]);
    expect([...directory.ignored()]).toEqual([{ id: C, pattern: 'orders' }]);
    rules.shutOut.add(B);
    directory.rightsChanged();
    expect(directory.interested('orders')).toEqual([A]);
    expect(directory.interestSince(B, 'orders')).toBeUndefined();
    expect(directory.members()).toHaveLength(3);
    expect(directory.rows({ after: '', limit: 1, isShown: () => true })).toEqual([{ ...row, nodes: [A, B] }]);
    expect(directory.naming('orders')).toEqual([A, B]);
  });

  it('looks for what is wanted in vain again only when interests or rules have changed', () => {
    rules.current = policyOf({ orders: { read: [A] } });
    directory.rightsChanged();
    expect([...directory.ignored()]).toHaveLength(2);
    const before = asked;
    expect([...directory.ignored()]).toHaveLength(2);
    expect(asked).toBe(before);
    all.version++;
    expect([...directory.ignored()]).toHaveLength(2);
    expect(asked).toBe(before + 3);
    rules.current = OPEN_POLICY;
    directory.rightsChanged();
    expect([...directory.ignored()]).toEqual([]);
  });
});
