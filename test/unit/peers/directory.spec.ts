import { describe, expect, it } from 'vitest';
import { MEMBERS_MAX } from '../../../src/peers/membership/directory.js';
import { INTEREST_ENTRIES_MAX, INTEREST_LEVELS_MAX } from '../../../src/peers/interest/interest.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';
import { directoryOf, idOf, jwsOf, recordOf, signed, snapshotOf } from './statements-of.js';

function put(directory: ReturnType<typeof directoryOf>, number: number, epoch = 1, incarnation = 0): boolean {
  const record = recordOf(number, epoch, incarnation);
  return directory.putRecord(record, jwsOf(record), { state: 'alive', sinceMs: 0 });
}

describe('the directory', () => {
  it('knows itself from the start', () => {
    const directory = directoryOf(0);
    expect(directory.members().map(({ id, state }) => [id, state])).toEqual([[idOf(0), 'alive']]);
    expect(directory.isLive(idOf(0))).toBe(true);
  });

  it('takes fresher records only: by epoch first, then by incarnation', () => {
    const directory = directoryOf(0);
    expect([put(directory, 1, 1, 5), put(directory, 1, 1, 5), put(directory, 1, 1, 4)]).toEqual([true, false, false]);
    expect([put(directory, 1, 2, 0), put(directory, 1, 1, 9)]).toEqual([true, false]);
    expect(directory.member(idOf(1))).toMatchObject({ epoch: 2, incarnation: 0 });
  });

  it('tells which signed record it holds', () => {
    const directory = directoryOf(0);
    put(directory, 1, 1, 0);
    put(directory, 1, 1, 1);
    expect([0, 1].map((incarnation) => directory.hasRecord(jwsOf(recordOf(1, 1, incarnation))))).toEqual([false, true]);
  });

  it('answers who wants a topic with the live, itself included, and the earliest since', () => {
    const directory = directoryOf(0);
    for (const number of [1, 2, 3]) put(directory, number);
    directory.mergeSegment(snapshotOf(0, 1, [{ pattern: '>', sinceMs: 9 }]));
    directory.mergeSegment(
      snapshotOf(1, 1, [
        { pattern: 'news.*', sinceMs: 7 },
        { pattern: 'news.eu', sinceMs: 3 },
      ]),
    );
    directory.mergeSegment(snapshotOf(2, 1, [{ pattern: 'news.>', sinceMs: 1 }]));
    directory.setState(idOf(2), 'dead', 10);
    directory.setState(idOf(1), 'suspect', 10);
    expect(directory.interested('news.eu')).toEqual([idOf(0), idOf(1)]);
    expect(directory.interestSince(idOf(1), 'news.eu')).toBe(3);
    expect(directory.interestSince(idOf(3), 'news.eu')).toBeUndefined();
    directory.setState(idOf(2), 'alive', 20);
    expect(directory.interested('news.eu')).toEqual([idOf(0), idOf(1), idOf(2)]);
  });

  it('gives the same array for the same audience until something changes', () => {
    const directory = directoryOf(0);
    directory.mergeSegment(snapshotOf(0, 1, [{ pattern: 'chat', sinceMs: 0 }]));
    const before = directory.interested('chat');
    expect(directory.interested('chat')).toBe(before);
    directory.mergeSegment(snapshotOf(0, 2, []));
    expect(directory.interested('chat')).toEqual([]);
  });

  it('lists topics and patterns in order, with the live nodes that want them', () => {
    const directory = directoryOf(0);
    put(directory, 1);
    put(directory, 2);
    const chat = { pattern: 'chat', sinceMs: 0 };
    directory.mergeSegment(snapshotOf(2, 1, [chat]));
    directory.mergeSegment(snapshotOf(1, 1, [{ pattern: 'b.*', sinceMs: 0 }, chat]));
    const all = { after: '', limit: 10, isShown: () => true };
    expect(directory.rows(all)).toEqual([
      { pattern: 'b.*', nodes: [idOf(1)] },
      { pattern: 'chat', nodes: [idOf(1), idOf(2)] },
    ]);
    expect(directory.naming('b.*')).toEqual([idOf(1)]);
    directory.setState(idOf(1), 'left', 1);
    expect(directory.rows(all)).toEqual([{ pattern: 'chat', nodes: [idOf(2)] }]);
    expect(directory.naming('b.*')).toEqual([]);
    directory.mergeSegment(snapshotOf(2, 2, []));
    expect(directory.rows(all)).toEqual([]);
  });

  it('pages through all topics in order, whatever order they came in', () => {
    const directory = directoryOf(0);
    const patterns = Array.from({ length: 100 }, (_, at) => `t${(at * 37) % 100}`);
    directory.mergeSegment(
      snapshotOf(
        0,
        1,
        patterns.map((pattern) => ({ pattern, sinceMs: 0 })),
      ),
    );
    const isShown = (pattern: string): boolean => !pattern.endsWith('7');
    const seen: string[] = [];
    for (let after = ''; ; after = seen.at(-1)!) {
      const page = directory.rows({ after, limit: 7, isShown });
      seen.push(...page.map(({ pattern }) => pattern));
      if (page.length < 7) break;
    }
    expect(seen).toEqual(patterns.filter(isShown).sort());
  });

  it('takes steps in order only, and none of an earlier life', () => {
    const directory = directoryOf(0);
    put(directory, 1);
    const step = (base: number, pattern: string) =>
      directory.mergeSegment(
        signed({ subject: idOf(1), epoch: 1, base, version: base + 1, added: [{ pattern, sinceMs: 0 }], removed: [] }),
      );
    expect(step(1, 'a')).toBe('gap');
    expect(directory.mergeSegment(snapshotOf(1, 1, []))).toBe('applied');
    expect([step(2, 'b'), step(1, 'a'), step(1, 'a'), step(2, 'b')]).toEqual(['gap', 'applied', 'known', 'applied']);
    expect(directory.segments(idOf(1))).toHaveLength(3);
    expect(directory.mergeSegment(snapshotOf(1, 1, [], 2))).toBe('applied');
    expect(step(3, 'c')).toBe('known');
    expect(directory.interested('a')).toEqual([]);
  });

  it('has a digest that changes with lives and interests, and not with a suspicion', () => {
    const directory = directoryOf(0);
    put(directory, 1);
    const before = directory.digest();
    expect(Buffer.from(before, 'base64url')).toHaveLength(8);
    directory.setState(idOf(1), 'suspect', 1);
    expect(directory.digest()).toBe(before);
    directory.setState(idOf(1), 'dead', 1);
    const dead = directory.digest();
    directory.mergeSegment(snapshotOf(1, 1, []));
    expect(new Set([before, dead, directory.digest()]).size).toBe(3);
  });

  it('is bounded, and knows who may make room', () => {
    const directory = directoryOf(0);
    for (let number = 1; number < MEMBERS_MAX; number++) {
      const id = Buffer.alloc(32, 255);
      id.writeUInt32BE(number);
      const record = { ...recordOf(1), id: id.toString('base64url') };
      directory.putRecord(record, jwsOf(record), { state: 'alive', sinceMs: 0 });
    }
    expect(directory.isFull).toBe(true);
    expect(directory.longestGone()).toBeUndefined();
    const [first, second] = directory.members().slice(1);
    directory.setState(first!.id, 'dead', 20);
    directory.setState(second!.id, 'left', 10);
    expect(directory.longestGone()).toBe(second!.id);
    directory.forget(second!.id);
    expect(directory.isFull).toBe(false);
  });

  /** The largest interest a node may tell of: `levels` tokens in each of its patterns. */
  function largest(number: number, levels: number): ReturnType<typeof snapshotOf> {
    const id = Buffer.alloc(32, 255);
    id.writeUInt32BE(number);
    const subject = nodeIdFrom(id);
    const added = Array.from({ length: Math.min(INTEREST_ENTRIES_MAX, INTEREST_LEVELS_MAX / levels) }, (_, index) => ({
      pattern: [`${number}-${index}`, ...Array.from({ length: levels - 1 }, () => 'x')].join('.'),
      sinceMs: 0,
    }));
    return signed({ subject, epoch: 1, base: 0, version: 1, added, removed: [] });
  }

  it('takes no interest whose patterns are too deep together', () => {
    const directory = directoryOf(0);
    expect(directory.mergeSegment(largest(1, 8))).toBe('applied');
    const { subject, added } = largest(2, 8);
    const deeper = added.map(({ pattern, sinceMs }) => ({ pattern: `${pattern}.y`, sinceMs }));
    const segment = signed({ subject, epoch: 1, base: 0, version: 1, added: deeper, removed: [] });
    expect(directory.mergeSegment(segment)).toBe('over');
  });

  it('takes in a bounded amount of interests of nodes that nobody has met, and those of all others besides', () => {
    for (const levels of [1, 8]) {
      const directory = directoryOf(0);
      const outcomes = Array.from({ length: 50 }, (_, number) =>
        directory.mergeSegment(largest(number, levels), false),
      );
      const taken = outcomes.filter((outcome) => outcome === 'applied').length;
      expect(taken).toBe(levels === 1 ? 32 : 4);
      expect(directory.mergeSegment(largest(60, levels), true)).toBe('applied');
    }
  });
});
