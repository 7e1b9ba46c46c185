import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../src/subscriptions/outbox.js';
import { messageAt, testStream } from './written-log.js';

const [chat, news] = [testStream('chat'), testStream('news')];
const gap = { stream: chat, from: 1, to: 2, reason: 'retention' } as const;
const chatFrom = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => messageAt(chat, from + index));

describe('an outbox', () => {
  it('gives what waits in order, bundles together up to a limit, gaps apart', () => {
    const outbox = new Outbox({ messagesMax: 100, bytesMax: 100 });
    outbox.offer(chatFrom(1, 2), 2);
    outbox.offer(chatFrom(3, 4), 2);
    outbox.offer(chatFrom(5, 6), 2);
    outbox.offerGap(gap);
    outbox.offer(chatFrom(7, 7), 1);
    expect(outbox.take(4)).toEqual({ messages: chatFrom(1, 4) });
    expect(outbox.take(4)).toEqual({ messages: chatFrom(5, 6) });
    expect(outbox.take(4)).toEqual({ gap });
    expect(outbox.take(4)).toEqual({ messages: chatFrom(7, 7) });
    expect(outbox.take(4)).toBeUndefined();
  });

  it('takes nothing of what would pass its bound in messages', () => {
    const outbox = new Outbox({ messagesMax: 3, bytesMax: 100 });
    expect(outbox.offer(chatFrom(1, 2), 2)).toBe(true);
    expect(outbox.offer(chatFrom(3, 4), 2)).toBe(false);
    expect(outbox.offer(chatFrom(3, 3), 1)).toBe(true);
    expect(outbox.offerGap(gap)).toBe(false);
    outbox.take(1);
    expect(outbox.offer(chatFrom(4, 5), 2)).toBe(true);
  });

  it('takes nothing of what would pass its bound in bytes, but any bundle when it is empty', () => {
    const outbox = new Outbox({ messagesMax: 10, bytesMax: 100 });
    expect(outbox.offer(chatFrom(1, 1), 500)).toBe(true);
    expect(outbox.offer(chatFrom(2, 2), 1)).toBe(false);
    outbox.take(1);
    expect(outbox.offer(chatFrom(2, 2), 100)).toBe(true);
    expect(outbox.offer(chatFrom(3, 3), 1)).toBe(false);
  });

  it('drops what is not wanted any more and has room for it again', () => {
    const outbox = new Outbox({ messagesMax: 3, bytesMax: 100 });
    outbox.offer([messageAt(news, 1)], 50);
    outbox.offer(chatFrom(1, 1), 10);
    outbox.keep((topic) => topic === 'chat');
    expect(outbox.offer(chatFrom(2, 2), 90)).toBe(true);
    expect(outbox.take(10)).toEqual({ messages: chatFrom(1, 2) });
  });
});
