import { describe, expect, it } from 'vitest';
import {
  BACKOFF_MS_MAX,
  Dialer,
  type DialTimer,
  HEARSAY_DIALS,
  OWN_URL_RETRY_MS,
  RARE_MS,
  STABLE_MS,
  URLS_MAX,
} from '../../../src/peers/links/dialer.js';
import { Random } from '../../../src/runtime/random.js';

const URL_B = 'http://127.0.0.1:8001';
const PEER_B = 'B';
type Input = Parameters<Dialer['handle']>[0];

const DIAL_B = { type: 'dial', url: URL_B };

/** With a clock that stands still unless it is told. */
function dialerOf(random: Random): { handle(input: Input, nowMs?: number): ReturnType<Dialer['handle']> } {
  const dialer = new Dialer(random);
  return { handle: (input, nowMs = 0) => dialer.handle(input, nowMs) };
}

function failedDelays(dialer: ReturnType<typeof dialerOf>, failures: number): number[] {
  const delays: number[] = [];
  for (let failure = 0; failure < failures; failure++) {
    const { afterMs, timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false }));
    delays.push(afterMs);
    expect(dialer.handle({ type: 'timer', timer })).toEqual([DIAL_B]);
  }
  return delays;
}

function scheduled(outputs: readonly unknown[]): { afterMs: number; timer: DialTimer } {
  expect(outputs).toEqual([{ type: 'schedule', afterMs: expect.any(Number), timer: expect.anything() }]);
  return outputs[0] as { afterMs: number; timer: DialTimer };
}

describe('dialer', () => {
  it('dials a kept URL at once, and only once', () => {
    const dialer = dialerOf(new Random(1));
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' })).toEqual([DIAL_B]);
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' })).toEqual([]);
  });

  it('dials again for ever, with delays whose bound doubles up to ten seconds', () => {
    const dialer = dialerOf(new Random(2));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    const delays = failedDelays(dialer, 2_000);
    delays.forEach((delay, failures) => {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(Math.min(BACKOFF_MS_MAX, 100 * 2 ** Math.min(failures, 10)));
    });
    expect(Math.max(...delays)).toBeGreaterThan(9_000);
    expect(Math.min(...delays.slice(20))).toBeLessThan(1_000);
  });

  it('leaves a linked peer alone and dials it soon after the link is lost', () => {
    const dialer = dialerOf(new Random(3));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    failedDelays(dialer, 10);
    expect(dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] })).toEqual([]);
    const { afterMs, timer } = scheduled(dialer.handle({ type: 'linkDown', peer: PEER_B }, STABLE_MS));
    expect(afterMs).toBeLessThan(100);
    expect(dialer.handle({ type: 'timer', timer })).toEqual([DIAL_B]);
  });

  it('does not dial a URL that leads to a linked peer', () => {
    const dialer = dialerOf(new Random(4));
    dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] });
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' })).toEqual([]);
    scheduled(dialer.handle({ type: 'linkDown', peer: PEER_B }));
  });

  it('does not dial when the peer linked itself while the delay ran', () => {
    const dialer = dialerOf(new Random(5));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    const { timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false }));
    dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] });
    expect(dialer.handle({ type: 'timer', timer })).toEqual([]);
  });

  it('stops dialling what is forgotten', () => {
    const dialer = dialerOf(new Random(6));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    const { timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false }));
    dialer.handle({ type: 'forget', url: URL_B });
    expect(dialer.handle({ type: 'timer', timer })).toEqual([]);
    expect(dialer.handle({ type: 'failed', url: URL_B, isOwn: false })).toEqual([]);
  });

  it('tries an address of its own only rarely', () => {
    const dialer = dialerOf(new Random(7));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    const { afterMs } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: true }));
    expect(afterMs).toBe(OWN_URL_RETRY_MS);
  });

  it('keeps a bounded number of URLs', () => {
    const dialer = dialerOf(new Random(8));
    for (let port = 0; port < URLS_MAX; port++) dialer.handle({ type: 'keep', url: `http://a:${port}`, how: 'wanted' });
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' })).toEqual([]);
  });

  it('waits ever longer when links end as soon as they are made', () => {
    const dialer = dialerOf(new Random(9));
    dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' });
    const delays = Array.from({ length: 200 }, () => {
      dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] });
      const { afterMs, timer } = scheduled(dialer.handle({ type: 'linkDown', peer: PEER_B }, 10));
      dialer.handle({ type: 'timer', timer });
      return afterMs;
    });
    expect(Math.max(...delays)).toBeGreaterThan(BACKOFF_MS_MAX / 2);
  });

  it('dials no more than its allowance of URLs that it only heard of, and each in the end', () => {
    const dialer = dialerOf(new Random(10));
    const dialled = new Set<string>();
    const timers: { dueMs: number; timer: DialTimer }[] = [];
    const see = (outputs: ReturnType<Dialer['handle']>, nowMs: number): void => {
      for (const output of outputs) {
        if (output.type === 'dial') dialled.add(output.url);
        else timers.push({ dueMs: nowMs + output.afterMs, timer: output.timer });
      }
    };
    const total = 500;
    for (let port = 0; port < total; port++) {
      see(dialer.handle({ type: 'keep', url: `http://a:${port}`, how: 'hearsay' }), 0);
    }
    expect(dialled.size).toBe(HEARSAY_DIALS.burst);
    // What the settings want does not wait for hearsay.
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'wanted' })).toEqual([DIAL_B]);
    for (let step = 0; step < 20_000 && timers.length > 0; step++) {
      timers.sort((a, b) => a.dueMs - b.dueMs);
      const { dueMs, timer } = timers.shift()!;
      see(dialer.handle({ type: 'timer', timer }, dueMs), dueMs);
      expect(dialled.size).toBeLessThanOrEqual(HEARSAY_DIALS.burst + (HEARSAY_DIALS.perSecond * dueMs) / 1_000 + 1);
    }
    expect(dialled.size).toBe(total);
  });

  it('tries what is only remembered now and then, for ever, and as often as others once it is heard of again', () => {
    const dialer = dialerOf(new Random(11));
    let { afterMs, timer } = scheduled(dialer.handle({ type: 'keep', url: URL_B, how: 'rarely' }));
    const delays: number[] = [];
    for (let attempt = 0; attempt < 200; attempt++) {
      delays.push(afterMs);
      expect(dialer.handle({ type: 'timer', timer })).toEqual([DIAL_B]);
      ({ afterMs, timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false })));
    }
    expect(Math.max(...delays)).toBeLessThan(RARE_MS);
    expect(delays.reduce((sum, delay) => sum + delay, 0) / delays.length).toBeGreaterThan(RARE_MS / 3);
    expect(dialer.handle({ type: 'keep', url: URL_B, how: 'hearsay' })).toEqual([DIAL_B]);
  });
});
