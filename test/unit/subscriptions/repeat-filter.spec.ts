import { describe, expect, it } from 'vitest';
import { KEYS_REMEMBERED, RepeatFilter, REPEATS_SUPPRESSED_MS } from '../../../src/subscriptions/repeat-filter.js';
import { messageAt, testStream } from './written-log.js';

const [here, there] = [testStream('chat', 1), testStream('chat', 2)];
const keyed = (stream: typeof here, seq: number, idempotencyKey: string | undefined, publishedAtMs = 0) =>
  messageAt(stream, seq, { idempotencyKey, publishedAtMs });

describe('a repeat filter', () => {
  it('lets the first message of a key through, as often as it is asked', () => {
    const filter = new RepeatFilter();
    expect(filter.isRepeat(keyed(here, 1, 'k'), 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 1, 'k'), 5)).toBe(false);
  });

  it('knows the repeat at another node and in the same stream', () => {
    const filter = new RepeatFilter();
    filter.isRepeat(keyed(here, 1, 'k'), 0);
    expect(filter.isRepeat(keyed(there, 1, 'k'), 0)).toBe(true);
    expect(filter.isRepeat(keyed(here, 2, 'k'), 0)).toBe(true);
  });

  it('keeps topics and keys apart, and ignores messages without a key', () => {
    const filter = new RepeatFilter();
    filter.isRepeat(keyed(here, 1, 'k'), 0);
    expect(filter.isRepeat(keyed(testStream('news'), 1, 'k'), 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 2, 'other'), 0)).toBe(false);
    expect(filter.isRepeat(keyed(here, 3, undefined), 0)).toBe(false);
    expect(filter.isRepeat(keyed(there, 3, undefined), 0)).toBe(false);
  });

  it('takes the same key as new when it was published later than the time for repeats', () => {
    const filter = new RepeatFilter();
    filter.isRepeat(keyed(here, 1, 'k'), 0);
    expect(filter.isRepeat(keyed(here, 2, 'k', REPEATS_SUPPRESSED_MS + 1), 1)).toBe(false);
  });

  it('forgets after the time for repeats', () => {
    const filter = new RepeatFilter();
    filter.isRepeat(keyed(here, 1, 'k'), 0);
    expect(filter.isRepeat(keyed(there, 1, 'k'), REPEATS_SUPPRESSED_MS - 1)).toBe(true);
    expect(filter.isRepeat(keyed(there, 1, 'k'), REPEATS_SUPPRESSED_MS)).toBe(false);
  });

  it('forgets the oldest key above its bound', () => {
    const filter = new RepeatFilter({ ...KEYS_REMEMBERED, sizeMax: 2 });
    for (const key of ['a', 'b', 'c', 'd']) filter.isRepeat(keyed(here, 1, key), 0);
    expect(filter.isRepeat(keyed(there, 1, 'a'), 0)).toBe(false);
    expect(filter.isRepeat(keyed(there, 1, 'd'), 0)).toBe(true);
  });
});
