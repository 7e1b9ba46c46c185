import { describe, expect, it } from 'vitest';
import { BACKOFF_MS_MAX, Dialer, type DialTimer, OWN_URL_RETRY_MS, URLS_MAX } from '../../../src/peers/links/dialer.js';
import { Random } from '../../../src/runtime/random.js';

const URL_B = 'http://127.0.0.1:8001';
const PEER_B = 'B';
const DIAL_B = { type: 'dial', url: URL_B };

function failedDelays(dialer: Dialer, failures: number): number[] {
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
    const dialer = new Dialer(new Random(1));
    expect(dialer.handle({ type: 'keep', url: URL_B })).toEqual([DIAL_B]);
    expect(dialer.handle({ type: 'keep', url: URL_B })).toEqual([]);
  });

  it('dials again for ever, with delays whose bound doubles up to ten seconds', () => {
    const dialer = new Dialer(new Random(2));
    dialer.handle({ type: 'keep', url: URL_B });
    const delays = failedDelays(dialer, 2_000);
    delays.forEach((delay, failures) => {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(Math.min(BACKOFF_MS_MAX, 100 * 2 ** Math.min(failures, 10)));
    });
    expect(Math.max(...delays)).toBeGreaterThan(9_000);
    expect(Math.min(...delays.slice(20))).toBeLessThan(1_000);
  });

  it('leaves a linked peer alone and dials it soon after the link is lost', () => {
    const dialer = new Dialer(new Random(3));
    dialer.handle({ type: 'keep', url: URL_B });
    failedDelays(dialer, 10);
    expect(dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] })).toEqual([]);
    const { afterMs, timer } = scheduled(dialer.handle({ type: 'linkDown', peer: PEER_B }));
    expect(afterMs).toBeLessThan(100);
    expect(dialer.handle({ type: 'timer', timer })).toEqual([DIAL_B]);
  });

  it('does not dial a URL that leads to a linked peer', () => {
    const dialer = new Dialer(new Random(4));
    dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] });
    expect(dialer.handle({ type: 'keep', url: URL_B })).toEqual([]);
    scheduled(dialer.handle({ type: 'linkDown', peer: PEER_B }));
  });

  it('does not dial when the peer linked itself while the delay ran', () => {
    const dialer = new Dialer(new Random(5));
    dialer.handle({ type: 'keep', url: URL_B });
    const { timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false }));
    dialer.handle({ type: 'linkUp', peer: PEER_B, urls: [URL_B] });
    expect(dialer.handle({ type: 'timer', timer })).toEqual([]);
  });

  it('stops dialling what is forgotten', () => {
    const dialer = new Dialer(new Random(6));
    dialer.handle({ type: 'keep', url: URL_B });
    const { timer } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: false }));
    dialer.handle({ type: 'forget', url: URL_B });
    expect(dialer.handle({ type: 'timer', timer })).toEqual([]);
    expect(dialer.handle({ type: 'failed', url: URL_B, isOwn: false })).toEqual([]);
  });

  it('tries an address of its own only rarely', () => {
    const dialer = new Dialer(new Random(7));
    dialer.handle({ type: 'keep', url: URL_B });
    const { afterMs } = scheduled(dialer.handle({ type: 'failed', url: URL_B, isOwn: true }));
    expect(afterMs).toBe(OWN_URL_RETRY_MS);
  });

  it('keeps a bounded number of URLs', () => {
    const dialer = new Dialer(new Random(8));
    for (let port = 0; port < URLS_MAX; port++) dialer.handle({ type: 'keep', url: `http://a:${port}` });
    expect(dialer.handle({ type: 'keep', url: URL_B })).toEqual([]);
  });
});
