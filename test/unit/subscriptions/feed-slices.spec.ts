import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/gossip/bundles/message.js';
import { Feed } from '../../../src/subscriptions/feed.js';
import { READS_A_TAKE_MAX } from '../../../src/subscriptions/replay.js';
import { NOW, RETAINED } from '../../../src/subscriptions/starting-point.js';
import { begin, finish, matcherOf, testStream, WrittenLog } from './written-log.js';

const TOPICS = 3_000;
const topics = Array.from({ length: TOPICS }, (_, at) => testStream(`many.${at}`));
const isAny = matcherOf('>');

function feedOn(log: WrittenLog, isUnwanted: (message: Message) => boolean = () => false) {
  return new Feed(log, { messagesMax: 10_000, bytesMax: 1_000_000, whenFull: 'reread', isUnwanted });
}

/** Takes until nothing is left; the texts of what came, by stream. */
function drain(feed: Feed): Map<string, number[]> {
  const got = new Map<string, number[]>();
  for (let next = feed.take(100); next !== undefined || feed.hasMore; next = feed.take(100)) {
    if (next === undefined || 'gap' in next) continue;
    for (const { stream, seq } of next.messages) got.set(stream.topic, [...(got.get(stream.topic) ?? []), seq]);
  }
  return got;
}

describe('a start on many topics', () => {
  const written = () => {
    const log = new WrittenLog();
    for (const stream of topics) log.write(stream);
    return log;
  };

  it('goes in slices, and what comes in between is given once and in order', () => {
    const log = written();
    const feed = feedOn(log);
    const start = feed.start('>', RETAINED, isAny);
    expect(start.next().done).toBe(false);
    expect(feed.take(10)).toBeUndefined();
    expect(feed.hasMore).toBe(false);
    for (const stream of [topics[0]!, topics[TOPICS - 1]!]) feed.offer([log.write(stream)], 1);
    expect(finish(start)).toBe(true);
    for (const stream of [topics[0]!, topics[TOPICS - 1]!]) feed.offer([log.write(stream)], 1);
    const got = drain(feed);
    expect(got.size).toBe(TOPICS);
    expect(got.get(topics[0]!.topic)).toEqual([1, 2, 3]);
    expect(got.get(topics[TOPICS - 1]!.topic)).toEqual([1, 2, 3]);
    expect(got.get(topics[1]!.topic)).toEqual([1]);
  });

  it('ends when its pattern does', () => {
    const log = written();
    const feed = feedOn(log);
    const start = feed.start('>', RETAINED, isAny);
    start.next();
    feed.end('>', () => false);
    finish(start);
    expect(drain(feed).size).toBe(0);
  });

  it('from now on takes one slice however many there are, and gives nothing older', () => {
    const log = written();
    const feed = feedOn(log);
    expect(feed.start('>', NOW, isAny).next()).toEqual({ done: true, value: true });
    for (const stream of topics) feed.offer([log.write(stream)], 1);
    const got = drain(feed);
    expect(got.size).toBe(TOPICS);
    expect([...got.values()].every((seqs) => seqs.length === 1 && seqs[0] === 2)).toBe(true);
  });

  it('that is over leaves what other patterns of the subscriber want', () => {
    const log = written();
    const feed = feedOn(log);
    begin(feed, '>', RETAINED);
    begin(feed, 'many.7', RETAINED);
    feed.end('>', matcherOf('many.7'));
    expect([...drain(feed).keys()]).toEqual(['many.7']);
  });
});

describe('a take from a long history', () => {
  it('reads a few pages and no more, whatever comes of them', () => {
    const log = new WrittenLog(10);
    const stream = testStream('chat');
    for (let seq = 1; seq <= 1_000; seq++) log.write(stream, { ttlMs: 1 });
    const feed = feedOn(log, ({ seq }) => seq < 1_000);
    begin(feed, 'chat', RETAINED);
    let takes = 0;
    let reads = log.reads;
    for (let next = feed.take(1_000); next === undefined; next = feed.take(1_000)) {
      expect(feed.hasMore).toBe(true);
      expect(log.reads - reads).toBeLessThanOrEqual(READS_A_TAKE_MAX);
      takes++;
      reads = log.reads;
    }
    expect(takes).toBeGreaterThan(20);
    expect(log.reads).toBeGreaterThanOrEqual(100);
  });
});
