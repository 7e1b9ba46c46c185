import { describe, expect, it } from 'vitest';
import type { Gap, Message } from '../../../src/gossip/bundles/message.js';
import type { Stream } from '../../../src/gossip/bundles/stream.js';
import { Feed, type FeedOptions } from '../../../src/subscriptions/feed.js';
import { NOW, RETAINED, type StartingPoint } from '../../../src/subscriptions/starting-point.js';
import { begin, messageAt, testStream, WrittenLog } from './written-log.js';

const chat = testStream('chat');
const GENEROUS: FeedOptions = { messagesMax: 1_000, bytesMax: 100_000, whenFull: 'reread', isUnwanted: () => false };
const after = (seq: number, stream: Stream = chat): StartingPoint => ({
  from: 'cursor',
  cursor: { sinceMs: 0, streams: new Map([[stream.id, seq]]) },
  isToken: true,
});

/** Everything that is ready, as `topic seq` or `gap from-to reason`. */
function takeAll(feed: Feed, limit = 100): string[] {
  const told: string[] = [];
  for (let next = feed.take(limit); next !== undefined || feed.hasMore; next = feed.take(limit)) {
    if (next === undefined) continue;
    if ('gap' in next) {
      told.push(`gap ${next.gap.from}-${next.gap.to} ${next.gap.reason}`);
      feed.given(next.gap.stream.id, next.gap.to);
    } else {
      for (const { stream, seq } of next.messages) {
        told.push(`${stream.topic} ${seq}`);
        feed.given(stream.id, seq);
      }
    }
  }
  return told;
}

function feedOn(log: WrittenLog, options: Partial<FeedOptions> = {}) {
  const feed = new Feed(log, { ...GENEROUS, ...options });
  return { feed, live: (...messages: Message[]) => feed.offer(messages, messages.length) };
}

describe('a feed', () => {
  it('that starts now gives what comes from now on', () => {
    const log = new WrittenLog();
    log.write(chat);
    const { feed, live } = feedOn(log);
    expect(begin(feed, 'chat', NOW)).toBe(true);
    live(log.write(chat), log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 2', 'chat 3']);
  });

  it('that starts with what is retained goes over to live messages without hole or repeat', () => {
    const log = new WrittenLog();
    log.write(chat);
    log.write(chat);
    const { feed, live } = feedOn(log);
    begin(feed, 'chat', RETAINED);
    live(log.write(chat));
    expect(feed.take(2)).toMatchObject({ messages: [{ seq: 1 }, { seq: 2 }] });
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 3', 'chat 4']);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 5']);
  });

  it('gives history of several streams in the order it was published', () => {
    const log = new WrittenLog();
    const other = testStream('chat', 2);
    const order = [chat, other, other, chat, other, chat].map((stream) => log.write(stream));
    const { feed } = feedOn(log);
    begin(feed, 'chat', RETAINED);
    expect(feed.take(100)).toEqual({ messages: order });
  });

  it('after a cursor gives what the reader does not have', () => {
    const log = new WrittenLog();
    for (let i = 0; i < 5; i++) log.write(chat);
    const { feed } = feedOn(log);
    expect(begin(feed, 'chat', after(3))).toBe(true);
    expect(takeAll(feed)).toEqual(['chat 4', 'chat 5']);
  });

  it('tells what retention dropped after the cursor', () => {
    const log = new WrittenLog();
    for (let i = 0; i < 5; i++) log.write(chat);
    log.dropThrough(chat, 3);
    const { feed } = feedOn(log);
    expect(begin(feed, 'chat', after(1))).toBe(false);
    expect(takeAll(feed)).toEqual(['gap 2-3 retention', 'chat 4', 'chat 5']);
  });

  it('tells it also when nothing is left of the stream', () => {
    const log = new WrittenLog();
    for (let i = 0; i < 5; i++) log.write(chat);
    log.dropThrough(chat, 5);
    const { feed, live } = feedOn(log);
    expect(begin(feed, 'chat', after(1))).toBe(false);
    expect(takeAll(feed)).toEqual(['gap 2-5 retention']);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 6']);
  });

  it('has not recovered when a stream of the cursor is not there, unless the client named it itself', () => {
    const log = new WrittenLog();
    const positions = {
      from: 'cursor',
      cursor: { sinceMs: 0, streams: new Map([[chat.id, 4]]) },
      isToken: false,
    } as const;
    expect(begin(feedOn(log).feed, 'chat', after(4))).toBe(false);
    expect(begin(feedOn(log).feed, 'chat', positions)).toBe(true);
  });

  it('reads a stream that the cursor does not name from where the reader began', () => {
    const log = new WrittenLog();
    for (let i = 0; i < 3; i++) log.write(chat, { publishedAtMs: 100 });
    log.write(chat, { publishedAtMs: 200 });
    const { feed } = feedOn(log);
    const cursor = { sinceMs: 150, streams: new Map() };
    expect(begin(feed, 'chat', { from: 'cursor', cursor, isToken: true })).toBe(true);
    expect(takeAll(feed)).toEqual(['chat 4']);
  });

  it('has not recovered when the beginning of a stream younger than the cursor was dropped', () => {
    const log = new WrittenLog();
    const young = testStream('chat', 500);
    for (let i = 0; i < 3; i++) log.write(young);
    log.dropThrough(young, 1);
    const cursor = { sinceMs: 150, streams: new Map() };
    expect(begin(feedOn(log).feed, 'chat', { from: 'cursor', cursor, isToken: true })).toBe(false);
  });

  it('fills a hole between live messages from the log, or tells it', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log);
    live(log.write(chat));
    log.write(chat);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 1', 'chat 2', 'chat 3']);
    log.write(chat);
    const five = log.write(chat);
    log.lose(chat, 4);
    live(five);
    expect(takeAll(feed)).toEqual(['gap 4-4 key', 'chat 5']);
  });

  it('tells of messages at the end of what is retained whose key is lost, without any that follow', () => {
    const log = new WrittenLog();
    log.write(chat);
    log.write(chat);
    log.lose(chat, 2);
    const { feed } = feedOn(log);
    begin(feed, 'chat', RETAINED);
    expect(takeAll(feed)).toEqual(['chat 1', 'gap 2-2 key']);
  });

  it('waits with a stream alone for its key, and gives live messages after what waited', () => {
    const news = testStream('news');
    const log = new WrittenLog();
    for (const stream of [chat, news, chat, news]) log.write(stream);
    log.locked.set(chat.id, 2);
    const { feed, live } = feedOn(log);
    begin(feed, '>', RETAINED);
    expect(takeAll(feed)).toEqual(['chat 1', 'news 1', 'news 2']);
    live(log.write(chat));
    feed.unlock();
    expect([takeAll(feed), feed.isLocked]).toEqual([[], true]);
    log.locked.delete(chat.id);
    feed.unlock();
    expect([takeAll(feed), feed.isLocked]).toEqual([['chat 2', 'chat 3'], false]);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 4']);
  });

  describe('whose log refused what was live', () => {
    const setUp = () => {
      const log = new WrittenLog();
      const { feed, live } = feedOn(log, { messagesMax: 1 });
      begin(feed, 'chat', NOW);
      live(log.write(chat));
      log.delivered.set(chat.id, 3);
      live(messageAt(chat, 2), messageAt(chat, 3));
      expect([takeAll(feed), feed.isLocked]).toEqual([['chat 1'], true]);
      feed.unlock();
      expect([takeAll(feed), feed.isLocked]).toEqual([[], true]);
      return { log, feed, live };
    };

    it('reads on when it is there', () => {
      const { log, feed, live } = setUp();
      log.write(chat);
      feed.unlock();
      expect([takeAll(feed), feed.isLocked]).toEqual([['chat 2'], true]);
      log.write(chat);
      feed.unlock();
      expect([takeAll(feed), feed.isLocked]).toEqual([['chat 3'], false]);
      live(log.write(chat));
      expect(takeAll(feed)).toEqual(['chat 4']);
    });

    it('tells a gap when nobody has it any more', () => {
      const { log, feed } = setUp();
      log.dropThrough(chat, 3);
      feed.unlock();
      expect([takeAll(feed), feed.isLocked]).toEqual([['gap 2-3 retention'], false]);
    });
  });

  it('passes on a gap once, without what the subscriber has', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log);
    live(log.write(chat), log.write(chat));
    const gap: Gap = { stream: chat, from: 1, to: 4, reason: 'retention' };
    feed.offerGap(gap);
    feed.offerGap(gap);
    live(messageAt(chat, 5));
    expect(takeAll(feed)).toEqual(['chat 1', 'chat 2', 'gap 3-4 retention', 'chat 5']);
  });

  it('tells a gap below where a stream was thought to begin to those who were there from then on', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log);
    live(messageAt(chat, 4), messageAt(chat, 5));
    const { feed: later } = feedOn(log);
    later.offer([messageAt(chat, 6)], 1);
    const gap: Gap = { stream: chat, from: 2, to: 3, reason: 'late' };
    for (const one of [feed, later]) one.offerGap(gap);
    feed.offerGap(gap);
    feed.offerGap({ ...gap, from: 1, to: 1 });
    expect(takeAll(feed)).toEqual(['gap 1-3 late', 'chat 4', 'chat 5']);
    expect(takeAll(later)).toEqual(['chat 6']);
  });

  it('ignores live messages that it has given already', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log);
    const [one, two, three] = [log.write(chat), log.write(chat), log.write(chat)];
    live(one, two);
    live(one, two, three);
    expect(takeAll(feed)).toEqual(['chat 1', 'chat 2', 'chat 3']);
  });

  it('reads on from the log when its outbox overflowed', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log, { messagesMax: 2 });
    for (let i = 0; i < 6; i++) expect(live(log.write(chat))).toBe('taken');
    expect(takeAll(feed)).toEqual(['chat 1', 'chat 2', 'chat 3', 'chat 4', 'chat 5', 'chat 6']);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 7']);
  });

  it('says so instead when its subscriber is to be cut', () => {
    const log = new WrittenLog();
    const { live } = feedOn(log, { messagesMax: 2, whenFull: 'cut' });
    expect([1, 2, 3].map(() => live(log.write(chat)))).toEqual(['taken', 'taken', 'overflow']);
  });

  it('passes over what is not wanted and counts it as given', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log, { isUnwanted: ({ seq }) => seq === 2 });
    live(log.write(chat), log.write(chat, { ttlMs: 1 }));
    expect(takeAll(feed)).toEqual(['chat 1']);
    expect(feed.cursor(0).streams).toEqual(new Map([[chat.id, 2]]));
  });

  it('has a cursor of what was given, not of what waits', () => {
    const log = new WrittenLog();
    log.write(chat);
    const { feed, live } = feedOn(log);
    begin(feed, 'chat', NOW);
    live(log.write(chat));
    expect(feed.cursor(9)).toEqual({ sinceMs: 9, streams: new Map([[chat.id, 1]]) });
    takeAll(feed);
    expect(feed.cursor(9)).toEqual({ sinceMs: 9, streams: new Map([[chat.id, 2]]) });
  });

  it('adds the history before a stream that it has already, each message once', () => {
    const log = new WrittenLog();
    log.write(chat);
    log.write(chat);
    const { feed, live } = feedOn(log);
    begin(feed, 'chat', NOW);
    live(log.write(chat));
    expect(takeAll(feed)).toEqual(['chat 3']);
    begin(feed, 'chat', RETAINED);
    begin(feed, 'chat', RETAINED);
    live(log.write(chat));
    expect(takeAll(feed).toSorted()).toEqual(['chat 1', 'chat 2', 'chat 4']);
  });

  it('forgets what is not wanted any more', () => {
    const log = new WrittenLog();
    const { feed, live } = feedOn(log);
    live(log.write(chat));
    log.write(testStream('news'));
    begin(feed, 'news', RETAINED);
    feed.end('chat', (topic) => topic === 'news');
    expect(takeAll(feed)).toEqual(['news 1']);
    expect(feed.cursor(0).streams.has(chat.id)).toBe(false);
  });
});
