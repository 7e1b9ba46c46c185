import { describe, expect, it } from 'vitest';
import { CLIENT_INTEREST_LINGERS_MS, InterestUnion } from '../../../src/subscriptions/interest-union.js';

describe('the interest of a node', () => {
  it('is what anybody in it wants, since the earliest of them', () => {
    const union = new InterestUnion();
    expect(union.add('chat', 'client', 50)).toBe(true);
    expect(union.add('chat', 'node', 60)).toBe(false);
    expect(union.add('chat', 'handler', 40)).toBe(true);
    expect(union.add('news', 'node', 70)).toBe(true);
    expect(union.entries()).toEqual([
      { pattern: 'chat', sinceMs: 40 },
      { pattern: 'news', sinceMs: 70 },
    ]);
  });

  it('ends at once for what the node wanted', () => {
    const union = new InterestUnion();
    union.add('chat', 'node', 1);
    expect(union.remove('chat', 'node', 0)).toBe(true);
    expect(union.entries()).toEqual([]);
  });

  it('lingers for a minute after the last client', () => {
    const union = new InterestUnion();
    union.add('chat', 'client', 1);
    union.add('chat', 'client', 2);
    union.remove('chat', 'client', 100);
    expect(union.nextExpiryMs).toBeUndefined();
    expect(union.remove('chat', 'client', 200)).toBe(false);
    expect(union.nextExpiryMs).toBe(200 + CLIENT_INTEREST_LINGERS_MS);
    expect(union.expire(199 + CLIENT_INTEREST_LINGERS_MS)).toBe(false);
    expect(union.entries()).toHaveLength(1);
    expect(union.expire(200 + CLIENT_INTEREST_LINGERS_MS)).toBe(true);
    expect(union.entries()).toEqual([]);
  });

  it('goes on when a client comes back in time, without peers hearing of it', () => {
    const union = new InterestUnion();
    union.add('chat', 'client', 1);
    union.remove('chat', 'client', 0);
    expect(union.add('chat', 'client', 30_000)).toBe(false);
    expect(union.expire(CLIENT_INTEREST_LINGERS_MS * 2)).toBe(false);
    expect(union.clients('chat')).toBe(1);
  });

  it('stays while somebody else wants it', () => {
    const union = new InterestUnion();
    union.add('chat', 'node', 1);
    union.add('chat', 'client', 1);
    union.remove('chat', 'client', 0);
    expect(union.nextExpiryMs).toBeUndefined();
    union.remove('chat', 'node', 0);
    expect(union.entries()).toEqual([]);
  });

  it('matches topics as long as their patterns are wanted, or linger', () => {
    const union = new InterestUnion(2);
    union.add('news.*', 'client', 1);
    union.add('chat', 'node', 1);
    expect(['news.eu', 'chat', 'news'].map((topic) => union.isWanted(topic))).toEqual([true, true, false]);
    union.remove('chat', 'node', 0);
    union.remove('news.*', 'client', 0);
    expect(['news.eu', 'chat'].map((topic) => union.isWanted(topic))).toEqual([true, false]);
    union.add('one', 'node', 1);
    union.add('two', 'node', 1);
    expect(union.isWanted('news.eu')).toBe(false);
  });

  it('takes no notice of an end without a beginning', () => {
    const union = new InterestUnion();
    union.add('chat', 'node', 1);
    expect(union.remove('chat', 'client', 0)).toBe(false);
    expect(union.remove('news', 'node', 0)).toBe(false);
    expect(union.entries()).toHaveLength(1);
  });

  it('is bounded: what lingers makes room, what is wanted does not', () => {
    const union = new InterestUnion(2);
    union.add('a', 'client', 1);
    union.add('b', 'client', 1);
    expect([union.hasRoomFor('c'), union.hasRoomFor('a')]).toEqual([false, true]);
    union.remove('b', 'client', 5);
    union.remove('a', 'client', 9);
    expect(union.hasRoomFor('c')).toBe(true);
    union.add('c', 'client', 1);
    expect(union.entries().map(({ pattern }) => pattern)).toEqual(['a', 'c']);
  });
});
