import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/gossip/bundles/message.js';
import {
  COPIES_MAX,
  KEYS_REMEMBERED,
  RepeatFilter,
  REPEATS_SUPPRESSED_MS,
  STREAMS_KNOWN_MAX,
  type Has,
} from '../../../src/subscriptions/repeat-filter.js';
import { messageAt, testStream } from './written-log.js';

const [here, there] = [testStream('chat', 1), testStream('chat', 2)];
const keyed = (stream: typeof here, seq: number, idempotencyKey: string | undefined, publishedAtMs = 0) =>
  messageAt(stream, seq, { idempotencyKey, publishedAtMs });
const newFilter = (bounds = KEYS_REMEMBERED): RepeatFilter =>
  new RepeatFilter(({ publishedAtMs }) => publishedAtMs, bounds);
const all: Has = () => true;
const nothing: Has = () => false;
const only =
  (...messages: Message[]): Has =>
  (stream, seq) =>
    messages.some((message) => message.stream.id === stream && message.seq === seq);

describe('a repeat filter', () => {
  it('lets the only message of a key through, as often as it is asked', () => {
    const filter = newFilter();
    expect(filter.isRepeat(keyed(here, 1, 'k'), all, 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 1, 'k'), all, 5)).toBe(false);
  });

  it('gives each reader one copy, whichever it met first', () => {
    const [one, two, three] = [keyed(here, 1, 'k'), keyed(there, 1, 'k'), keyed(here, 2, 'k')];
    const filter = newFilter();
    filter.live([one], 0);
    filter.live([two], 0);
    filter.live([three], 0);
    expect([one, two, three].map((copy) => filter.isRepeat(copy, nothing, 0))).toEqual([false, false, false]);
    expect([one, two, three].map((copy) => filter.isRepeat(copy, only(one), 0))).toEqual([false, true, true]);
    expect([one, two, three].map((copy) => filter.isRepeat(copy, only(two), 0))).toEqual([true, false, true]);
  });

  it('learns of copies when it is asked about them as well', () => {
    const filter = newFilter();
    expect(filter.isRepeat(keyed(there, 1, 'k'), all, 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 1, 'k'), all, 0)).toBe(true);
  });

  it('keeps topics and keys apart, and ignores messages without a key', () => {
    const filter = newFilter();
    filter.note([keyed(here, 1, 'k'), keyed(here, 2, undefined)], 0);
    expect(filter.isRepeat(keyed(testStream('news'), 1, 'k'), all, 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 2, 'other'), all, 0)).toBe(false);
    expect(filter.isRepeat(keyed(there, 3, undefined), all, 0)).toBe(false);
  });

  it('takes the same key as new when it was published later than the time for repeats', () => {
    const filter = newFilter();
    filter.note([keyed(here, 1, 'k')], 0);
    expect(filter.isRepeat(keyed(here, 2, 'k', REPEATS_SUPPRESSED_MS + 1), all, 1)).toBe(false);
    expect(filter.isRepeat(keyed(there, 1, 'k', REPEATS_SUPPRESSED_MS), all, 1)).toBe(true);
  });

  it('compares by a time that publishers share', () => {
    const filter = new RepeatFilter(({ stream, publishedAtMs }) => publishedAtMs + (stream === there ? 3_600_000 : 0));
    filter.note([keyed(here, 1, 'k', 3_600_000)], 0);
    expect(filter.isRepeat(keyed(there, 1, 'k', 0), all, 1)).toBe(true);
  });

  it('forgets after the time for repeats', () => {
    const later = REPEATS_SUPPRESSED_MS;
    for (const [askedMs, isRepeat] of [
      [later - 1, true],
      [later, false],
    ] as const) {
      const filter = newFilter();
      filter.note([keyed(here, 1, 'k')], 0);
      expect(filter.isRepeat(keyed(there, 1, 'k'), all, askedMs)).toBe(isRepeat);
    }
  });

  it('forgets the oldest key above its bound, and the oldest copy', () => {
    const filter = newFilter({ ...KEYS_REMEMBERED, sizeMax: 2 });
    filter.note(
      ['a', 'b', 'c', 'd'].map((key, index) => keyed(here, index + 1, key)),
      0,
    );
    expect(filter.isRepeat(keyed(there, 1, 'a'), all, 0)).toBe(false);
    expect(filter.isRepeat(keyed(there, 1, 'd'), all, 0)).toBe(true);
    const many = newFilter();
    many.note(
      Array.from({ length: COPIES_MAX + 1 }, (_, index) => keyed(here, index + 1, 'k')),
      0,
    );
    expect(many.isRepeat(keyed(there, 1, 'k'), only(keyed(here, 1, 'k')), 0)).toBe(false);
    expect(many.isRepeat(keyed(there, 1, 'k'), only(keyed(here, COPIES_MAX + 1, 'k')), 0)).toBe(true);
  });
});

describe('what a repeat filter has looked at', () => {
  const extent = (floor: number, frontier: number) => ({ stream: here, floor, frontier, changedAtMs: 0 });
  const live = (filter: RepeatFilter, from: number, to: number): void =>
    filter.live(
      Array.from({ length: to - from + 1 }, (_, index) => messageAt(here, from + index)),
      0,
    );

  it('is nothing of a stream that was there before', () => {
    const filter = newFilter();
    expect(filter.unseen(extent(3, 9))).toEqual({ after: 3, to: 9 });
    expect(filter.unseen(extent(9, 9))).toBeUndefined();
  });

  it('is what came in; of what came before the rest is left', () => {
    const filter = newFilter();
    live(filter, 5, 6);
    live(filter, 7, 9);
    expect(filter.unseen(extent(4, 9))).toBeUndefined();
    expect(filter.unseen(extent(2, 9))).toEqual({ after: 2, to: 4 });
    filter.seen(here.id, 2, 4);
    expect(filter.unseen(extent(2, 9))).toBeUndefined();
    expect(filter.unseen(extent(6, 9))).toBeUndefined();
    // History was fetched.
    expect(filter.unseen(extent(0, 9))).toEqual({ after: 0, to: 2 });
  });

  it('leaves nothing out when something did not come in', () => {
    const filter = newFilter();
    live(filter, 1, 3);
    expect(filter.unseen(extent(0, 5))).toEqual({ after: 3, to: 5 });
    live(filter, 6, 7);
    expect(filter.unseen(extent(0, 7))).toEqual({ after: 0, to: 5 });
  });

  it('is forgotten for the stream known for longest above its bound', () => {
    const filter = newFilter();
    for (let index = 0; index <= STREAMS_KNOWN_MAX; index++) filter.seen(`stream ${index}`, 0, 1);
    const unseen = (id: string) => filter.unseen({ ...extent(0, 1), stream: { ...here, id } });
    expect(unseen('stream 0')).toEqual({ after: 0, to: 1 });
    expect(unseen('stream 1')).toBeUndefined();
  });
});
