import { describe, expect, it } from 'vitest';
import { OwnStreams, RECLAIM_LOOKS_MAX } from '../../../src/gossip/publishing/own-streams.js';
import { nodeId, streamBy } from './arbitraries.js';

const own = (topic: string) => ({ stream: streamBy(nodeId(1), topic) });

describe('own streams', () => {
  it('make way when nothing is retained of them, those not used for longest first', () => {
    const streams = new OwnStreams<ReturnType<typeof own>>(3);
    const [a, b, c] = ['a', 'b', 'c'].map(own) as [
      ReturnType<typeof own>,
      ReturnType<typeof own>,
      ReturnType<typeof own>,
    ];
    for (const each of [a, b, c]) streams.put(each);
    expect(streams.isFull).toBe(true);
    streams.put(a);
    const isEmpty = (each: typeof a): boolean => each !== b;
    expect(streams.reclaim(isEmpty, () => 7)).toBe(c);
    expect([streams.isFull, streams.get('c'), streams.byId(c.stream.id)]).toEqual([false, undefined, undefined]);
    expect(streams.reclaim(isEmpty, () => 7)).toBe(a);
    expect(streams.reclaim(isEmpty, () => 7)).toBeUndefined();
    expect(streams.get('b')).toBe(b);
  });

  it('give no number twice when they come back', () => {
    const streams = new OwnStreams<ReturnType<typeof own>>();
    const a = own('a');
    expect(streams.lastSeqOf(a.stream.id)).toBe(0);
    for (const lastSeq of [7, 3]) {
      streams.put(a);
      streams.reclaim(
        () => true,
        () => lastSeq,
      );
    }
    expect(streams.lastSeqOf(a.stream.id)).toBe(7);
  });

  it('are not all looked at when none can make way', () => {
    const streams = new OwnStreams<ReturnType<typeof own>>();
    for (let at = 0; at < 2 * RECLAIM_LOOKS_MAX; at++) streams.put(own(`many.${at}`));
    let looks = 0;
    expect(
      streams.reclaim(
        () => ++looks < 0,
        () => 0,
      ),
    ).toBeUndefined();
    expect(looks).toBe(RECLAIM_LOOKS_MAX);
  });
});
