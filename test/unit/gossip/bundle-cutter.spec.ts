import { describe, expect, it } from 'vitest';
import { BUNDLE_MESSAGES_MAX } from '../../../src/gossip/bundles/bundle.js';
import {
  ARRIVAL_WAIT_MS,
  BUNDLE_CONTENT_BYTES,
  BundleCutter,
  BURST_MESSAGES,
  GATHER_MS,
} from '../../../src/gossip/publishing/bundle-cutter.js';

const SOME = { count: 3, byteLength: 300 };

describe('bundle cutter', () => {
  it('cuts at once while nothing is on its way, and never an empty bundle', () => {
    const cutter = new BundleCutter();
    expect(cutter.isDue(SOME, 0)).toBe(true);
    expect(cutter.isDue({ count: 0, byteLength: 0 }, 0)).toBe(false);
  });

  it('waits until the bundle before has arrived', () => {
    const cutter = new BundleCutter();
    cutter.cut(3, 3, 0);
    expect(cutter.isDue(SOME, 1)).toBe(false);
    cutter.arrived(2);
    expect(cutter.isDue(SOME, 1)).toBe(false);
    cutter.arrived(3);
    expect(cutter.isDue(SOME, 1)).toBe(true);
  });

  it('does not wait for ever', () => {
    const cutter = new BundleCutter();
    cutter.cut(3, 3, 100);
    expect(cutter.awaitedUntilMs).toBe(100 + ARRIVAL_WAIT_MS);
    expect(cutter.isDue(SOME, 100 + ARRIVAL_WAIT_MS)).toBe(true);
  });

  it('cuts a full bundle whatever is on its way', () => {
    const cutter = new BundleCutter();
    cutter.cut(3, 3, 0);
    expect(cutter.isDue({ count: BUNDLE_MESSAGES_MAX, byteLength: 0 }, 1)).toBe(true);
    expect(cutter.isDue({ count: 1, byteLength: BUNDLE_CONTENT_BYTES }, 1)).toBe(true);
    expect(cutter.isTooFullFor(2, { count: 1, byteLength: BUNDLE_CONTENT_BYTES - 1 })).toBe(true);
    expect(cutter.isTooFullFor(2 * BUNDLE_CONTENT_BYTES, { count: 0, byteLength: 0 })).toBe(false);
  });

  describe('after a bundle of a burst has arrived', () => {
    const few = { count: BURST_MESSAGES, byteLength: 300 };

    function afterBurst(): BundleCutter {
      const cutter = new BundleCutter();
      cutter.cut(BURST_MESSAGES, BURST_MESSAGES, 0);
      cutter.arrived(BURST_MESSAGES);
      return cutter;
    }

    it('gathers twice as many', () => {
      expect(afterBurst().isDue(few, 1)).toBe(false);
      expect(afterBurst().isDue({ count: 2 * BURST_MESSAGES, byteLength: 300 }, 1)).toBe(true);
    });

    it('waits no longer when a turn has brought nothing', () => {
      const cutter = afterBurst();
      cutter.turned(few.count - 1);
      expect(cutter.isDue(few, 1)).toBe(false);
      cutter.turned(few.count);
      expect(cutter.isDue(few, 1)).toBe(true);
    });

    it('gathers for a bounded time', () => {
      expect(afterBurst().isDue(few, GATHER_MS)).toBe(true);
    });

    it('cuts at once after a lone message', () => {
      const cutter = afterBurst();
      cutter.cut(BURST_MESSAGES + 1, 1, 2);
      cutter.arrived(BURST_MESSAGES + 1);
      expect(cutter.isDue(SOME, 3)).toBe(true);
    });
  });
});
