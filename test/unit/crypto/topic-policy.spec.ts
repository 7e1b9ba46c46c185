import { describe, expect, it } from 'vitest';
import { decodePolicy } from '../../../src/crypto/policy-file.js';
import { OPEN_POLICY, type TopicPolicy } from '../../../src/crypto/topic-policy.js';

const [A, B, C] = ['A', 'B', 'C'].map((letter) => letter.padEnd(43, 'A')) as [string, string, string];

function policyOf(document: unknown): TopicPolicy {
  const policy = decodePolicy(JSON.stringify(document));
  if (!policy.ok) throw new Error(policy.reason);
  return policy.value;
}

describe('a topic policy', () => {
  it('is refused, and nothing is thrown, when an entry is deeper than a stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(decodePolicy(`{"topics":{"a":{"read":[${deep}]}}}`).ok).toBe(false);
  });

  it('without a rule is open to everybody', () => {
    for (const policy of [OPEN_POLICY, policyOf({ topics: {} })]) {
      expect(policy.allows('publish', A, 'orders')).toBe(true);
      expect(policy.allowsSome('read', A, '>')).toBe(true);
    }
    expect(policyOf({ topics: {} }).digest).toBe(OPEN_POLICY.digest);
  });

  it('lets the nodes of a rule do what it names, and leaves other topics open', () => {
    const policy = policyOf({
      groups: { billing: [A, B] },
      topics: { 'orders.>': { publish: ['billing'], read: [C] } },
    });
    expect([A, B, C].map((id) => policy.allows('publish', id, 'orders.eu'))).toEqual([true, true, false]);
    expect([A, B, C].map((id) => policy.allows('read', id, 'orders.eu'))).toEqual([false, false, true]);
    expect(policy.allows('publish', C, 'orders')).toBe(true);
  });

  it('lets the most specific rule that names a right decide alone, whatever the order in the file', () => {
    const policy = policyOf({
      topics: {
        '>': { publish: [A], read: ['*'] },
        'a.*': { publish: [B] },
        'a.b': { read: [C] },
        'a.>': { publish: [] },
      },
    });
    expect(policy.rule('publish', 'a.b')?.pattern).toBe('a.*');
    expect(policy.rule('read', 'a.b')?.pattern).toBe('a.b');
    expect(policy.rule('publish', 'a.b.c')?.pattern).toBe('a.>');
    expect(policy.rule('read', 'a.x')?.pattern).toBe('>');
    expect([A, B, C].map((id) => policy.allows('publish', id, 'a.b'))).toEqual([false, true, false]);
    expect([A, B, C].map((id) => policy.allows('publish', id, 'a.b.c'))).toEqual([false, false, false]);
    expect([A, B].map((id) => policy.allows('publish', id, 'news'))).toEqual([true, false]);
  });

  it('denies a pattern only when there is no topic in it that the node may read', () => {
    const policy = policyOf({ topics: { 'a.>': { read: [A] }, 'a.b': { read: [B] }, 'a.b.*': { read: [] } } });
    expect([A, B, C].map((id) => policy.allowsSome('read', id, 'a.>'))).toEqual([true, true, false]);
    expect([A, B, C].map((id) => policy.allowsSome('read', id, 'a.b'))).toEqual([false, true, false]);
    expect([A, B, C].map((id) => policy.allowsSome('read', id, 'a.b.c'))).toEqual([false, false, false]);
    expect(policy.allowsSome('read', C, '>')).toBe(true);
  });

  it('has a digest that says what it means and not how it is written', () => {
    const one = policyOf({ groups: { g: [B, A] }, topics: { a: { read: ['g'] }, b: { publish: ['*', A] } } });
    const same = policyOf({ topics: { b: { publish: ['*'] }, a: { read: [A, B, A] } } });
    expect(one.digest).toBe(same.digest);
    for (const other of [{ a: { read: [A, B] } }, { a: { publish: [A, B] }, b: { publish: ['*'] } }, {}]) {
      expect(policyOf({ topics: other }).digest).not.toBe(one.digest);
    }
  });

  it.each([
    ['{', 'it is not a JSON object'],
    ['[]', 'it is not a JSON object'],
    ['{}', 'it has no member "topics"'],
    [{ topics: {}, rules: {} }, 'it has a member "rules"'],
    [{ topics: [] }, 'it has no member "topics"'],
    [{ topics: { 'a..b': {} } }, 'topic "a..b": a topic must not have an empty token'],
    [{ topics: { a: [] } }, 'topic "a": its rule is not an object'],
    [{ topics: { a: { write: [] } } }, 'topic "a" has a member "write"'],
    [{ topics: { a: { read: '*' } } }, 'topic "a": read is not a list'],
    [{ topics: { a: { publish: ['orders-1'] } } }, 'topic "a": publish names "orders-1", which is neither'],
    [{ topics: { a: { read: [7] } } }, 'topic "a": read names 7, which is neither'],
    [{ groups: { g: ['orders-1'] }, topics: {} }, 'group "g" is not a list of thumbprints'],
    [{ groups: { '*': [A] }, topics: {} }, 'group "*": that is no name'],
    [{ groups: [], topics: {} }, '"groups" is not an object'],
  ])('is refused as a whole when the file is wrong: %j', (document, reason) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    expect(decodePolicy(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) as string });
  });

  it('takes names that mean something to JavaScript for names', () => {
    const policy = policyOf({ topics: JSON.parse('{"__proto__": {"read": []}, "constructor": {"read": []}}') });
    expect(['__proto__', 'constructor', 'toString'].map((topic) => policy.allows('read', A, topic))).toEqual([
      false,
      false,
      true,
    ]);
    expect(decodePolicy('{"topics": {"a": {"read": ["constructor"]}}}').ok).toBe(false);
  });
});
