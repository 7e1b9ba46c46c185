import { describe, expect, it } from 'vitest';
import { Flow, FLOW_BYTES_MAX, RECEIVER_BYTES_MAX, STALL_MS } from '../../../src/gossip/dissemination/flow.js';

const push = (lastSeq: number, byteLength: number) => ({ stream: 's', lastSeq, byteLength });

describe('flow', () => {
  it('has no room while a receiver has too much unconfirmed, and says so once', () => {
    const flow = new Flow('self');
    flow.pushed('b', push(1, FLOW_BYTES_MAX), 0);
    expect([flow.review(), flow.hasRoom, flow.review()]).toEqual([true, false, false]);
    flow.confirmed('b', 's', 1, 10);
    expect([flow.review(), flow.hasRoom]).toEqual([true, true]);
    expect(flow.isIdle).toBe(true);
  });

  it('takes a receiver without progress out of the window, with what it missed', () => {
    const flow = new Flow('self');
    flow.pushed('b', push(1, FLOW_BYTES_MAX), 0);
    flow.pushed('c', push(1, 10), 0);
    flow.confirmed('c', 's', 1, 500);
    flow.pushed('c', push(2, 10), 600);
    flow.review();
    expect(flow.takeStalled(STALL_MS)).toEqual([{ peer: 'b', streams: ['s'] }]);
    flow.review();
    expect(flow.hasRoom).toBe(true);
    expect([flow.isOpen('b'), flow.isOpen('c')]).toEqual([false, true]);
  });

  it('lets it in again when it confirms something', () => {
    const flow = new Flow('self');
    flow.pushed('b', push(1, 10), 0);
    flow.takeStalled(STALL_MS);
    flow.confirmed('b', 's', 1, STALL_MS + 1);
    expect(flow.isOpen('b')).toBe(true);
  });

  it('counts the own log as a receiver that is waited for as long as it takes', () => {
    const flow = new Flow('self');
    flow.pushed('self', push(1, FLOW_BYTES_MAX), 0);
    flow.review();
    expect(flow.takeStalled(10 * STALL_MS)).toEqual([]);
    expect(flow.hasRoom).toBe(false);
  });

  it('is closed to a receiver at the bound, whatever the publisher does', () => {
    const flow = new Flow('self');
    flow.pushed('b', push(1, RECEIVER_BYTES_MAX), 0);
    expect(flow.isOpen('b')).toBe(false);
  });

  it('forgets what was on its way over a link that is gone', () => {
    const flow = new Flow('self');
    flow.pushed('b', push(1, FLOW_BYTES_MAX), 0);
    flow.linkDown('b');
    expect(flow.unconfirmedBytes('b')).toBe(0);
    expect(flow.review()).toBe(false);
  });
});
