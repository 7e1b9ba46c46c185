import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AHEAD_BUNDLES_MAX, AHEAD_BYTES_MAX, StreamWindow } from '../../../src/gossip/dissemination/stream-window.js';
import { bundleAt, nodeId, streamBy, type TestBundle } from './arbitraries.js';

const STREAM = streamBy(nodeId(1));
const bundle = (firstSeq: number, lastSeq = firstSeq, byteLength = 100) =>
  bundleAt(STREAM, firstSeq, lastSeq, byteLength);

describe('stream window', () => {
  it('releases every message once, in order, however bundles arrive', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 });
    const arrivals = sizes.chain((each) => {
      let next = 1;
      const bundles = each.map((size) => bundle(next, (next += size) - 1));
      const repeats = fc.array(fc.constantFrom(...bundles));
      return repeats.chain((more) =>
        fc.shuffledSubarray([...bundles, ...more], { minLength: bundles.length + more.length }),
      );
    });
    fc.assert(
      fc.property(arrivals, (bundles) => {
        const window = new StreamWindow<TestBundle>(0);
        const released: number[] = [];
        for (const each of bundles) {
          window.offer(each);
          released.push(...drain(window));
        }
        const last = Math.max(...bundles.map(({ lastSeq }) => lastSeq));
        expect(released).toEqual(Array.from({ length: last }, (_, at) => at + 1));
        expect(window.aheadFrom).toBeUndefined();
      }),
    );
  });

  it('releases of a bundle that reaches below its floor only what is above', () => {
    const window = new StreamWindow<TestBundle>(3);
    expect(window.offer(bundle(2, 6))).toBe('next');
    expect(drain(window)).toEqual([4, 5, 6]);
  });

  it('knows what it has, released or waiting', () => {
    const window = new StreamWindow<TestBundle>(0);
    window.offer(bundle(1, 2));
    drain(window);
    window.offer(bundle(5, 6));
    expect([window.isKnown(1, 2), window.isKnown(3, 4), window.isKnown(5, 6)]).toEqual([true, false, true]);
    expect(window.offer(bundle(5, 6))).toBe('known');
    expect(window.aheadFrom).toBe(5);
  });

  it('keeps what is nearest when more waits than it may hold', () => {
    const window = new StreamWindow<TestBundle>(0);
    for (let seq = 2; seq < 2 + AHEAD_BUNDLES_MAX; seq++) expect(window.offer(bundle(seq + 1))).toBe('ahead');
    expect(window.offer(bundle(10_000))).toBe('full');
    expect(window.offer(bundle(2))).toBe('ahead');
    expect(window.offer(bundle(1))).toBe('next');
    expect(drain(window)).toHaveLength(AHEAD_BUNDLES_MAX + 1);
  });

  it('bounds the bytes that wait', () => {
    const window = new StreamWindow<TestBundle>(0);
    expect(window.offer(bundle(3, 3, AHEAD_BYTES_MAX))).toBe('ahead');
    expect(window.offer(bundle(5, 5, 1))).toBe('full');
  });

  it('goes on after a gap that was given up', () => {
    const window = new StreamWindow<TestBundle>(0);
    window.offer(bundle(5, 7));
    window.jump(5);
    expect(drain(window)).toEqual([6, 7]);
    expect(window.floor).toBe(5);
  });

  it('never moves its floor beyond its frontier', () => {
    const window = new StreamWindow<TestBundle>(0, 10);
    window.raiseFloor(20);
    expect(window.floor).toBe(10);
  });
});

function drain(window: StreamWindow<TestBundle>): number[] {
  const seqs: number[] = [];
  for (let ready = window.takeNext(); ready !== undefined; ready = window.takeNext()) {
    for (let seq = ready.fromSeq; seq <= ready.bundle.lastSeq; seq++) seqs.push(seq);
  }
  return seqs;
}
