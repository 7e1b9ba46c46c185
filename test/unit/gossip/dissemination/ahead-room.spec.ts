import { describe, expect, it } from 'vitest';
import { AHEAD_OVERHEAD_BYTES, AheadRoom } from '../../../../src/gossip/dissemination/ahead-room.js';
import { StreamWindow } from '../../../../src/gossip/dissemination/stream-window.js';
import { bundleAt, nodeId, streamBy, type TestBundle } from '../arbitraries.js';

const BUNDLE_BYTES = 10_000;
const HOLDS = 8;

function windows(count: number) {
  const room = new AheadRoom(HOLDS * (BUNDLE_BYTES + AHEAD_OVERHEAD_BYTES));
  const made = Array.from({ length: count }, (_, index) => {
    const stream = streamBy(nodeId(index + 1));
    const window = new StreamWindow<TestBundle>(0, 0, room);
    return { window, offer: (seq: number) => window.offer(bundleAt(stream, seq, seq, BUNDLE_BYTES)) };
  });
  return { room, windows: made };
}

describe('the room of bundles that wait', () => {
  it('is bounded over all streams: the one that has waited for longest gives up its part', () => {
    const { room, windows: made } = windows(HOLDS + 3);
    for (const { offer } of made) expect(offer(5)).toBe('ahead');
    expect(room.bytes).toBe(HOLDS * (BUNDLE_BYTES + AHEAD_OVERHEAD_BYTES));
    expect(made.map(({ window }) => window.aheadFrom)).toEqual([
      ...Array<undefined>(3).fill(undefined),
      ...Array<number>(HOLDS).fill(5),
    ]);
  });

  it('takes nothing from others for what can be released at once', () => {
    const { room, windows: made } = windows(HOLDS + 1);
    const [last, ...others] = made.reverse();
    for (const { offer } of others) offer(5);
    expect(last!.offer(1)).toBe('next');
    expect(last!.window.takeNext()?.fromSeq).toBe(1);
    expect(others.every(({ window }) => window.aheadFrom === 5)).toBe(true);
    expect(room.bytes).toBe(HOLDS * (BUNDLE_BYTES + AHEAD_OVERHEAD_BYTES));
  });

  it('is given back by what is released, and by what is dropped', () => {
    const { room, windows: made } = windows(2);
    const [one, other] = made;
    one!.offer(2);
    one!.offer(1);
    while (one!.window.takeNext() !== undefined);
    other!.offer(3);
    other!.window.dropAhead();
    expect(room.bytes).toBe(0);
    expect(other!.window.aheadFrom).toBeUndefined();
    expect(other!.offer(3)).toBe('ahead');
  });
});
