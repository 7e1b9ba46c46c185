import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../src/subscriptions/cursor.js';
import { readStartingPoint, RETAINED, sinceMsOf } from '../../../src/subscriptions/starting-point.js';
import { testStream } from './written-log.js';

const [one, two] = [testStream('chat', 1).id, testStream('chat', 2).id];

describe('a starting point', () => {
  it('is now when nothing is given', () => {
    for (const nothing of [undefined, null, '']) {
      expect(readStartingPoint(nothing)).toEqual({ ok: true, value: { from: 'now' } });
    }
  });

  it('can be all that is retained', () => {
    expect(readStartingPoint('retained')).toEqual({ ok: true, value: { from: 'retained' } });
  });

  it('can be a cursor', () => {
    const cursor = { sinceMs: 4, streams: new Map([[one, 3]]) };
    expect(readStartingPoint(encodeCursor(cursor))).toEqual({
      ok: true,
      value: { from: 'cursor', cursor, isToken: true },
    });
  });

  it('can be positions as a client kept them', () => {
    const cursor = { sinceMs: 0, streams: new Map([[one, 3]]) };
    expect(readStartingPoint({ [one]: 3 })).toEqual({ ok: true, value: { from: 'cursor', cursor, isToken: false } });
  });

  it('takes positions on top of the cursor that the client began with', () => {
    const began = encodeCursor({
      sinceMs: 4,
      streams: new Map([
        [one, 3],
        [two, 8],
      ]),
    });
    const cursor = {
      sinceMs: 4,
      streams: new Map([
        [one, 5],
        [two, 8],
      ]),
    };
    expect(readStartingPoint({ cursor: began, [one]: 5 })).toEqual({
      ok: true,
      value: { from: 'cursor', cursor, isToken: false },
    });
  });

  it('wants nothing later than now, whatever time a cursor names', () => {
    const at = (sinceMs: number) =>
      ({ from: 'cursor', cursor: { sinceMs, streams: new Map() }, isToken: true }) as const;
    expect([sinceMsOf(at(4), 10), sinceMsOf(at(2 ** 47), 10), sinceMsOf(RETAINED, 10)]).toEqual([4, 10, 0]);
  });

  it('is refused otherwise', () => {
    const tooMany = Object.fromEntries(Array.from({ length: 200 }, (_, epoch) => [testStream('a', epoch).id, 1]));
    const bad = [7, true, [], 'nonsense', { short: 1 }, { [one]: -1 }, { [one]: 1.5 }, { [one]: '1' }, tooMany];
    expect(bad.filter((after) => readStartingPoint(after).ok)).toEqual([]);
  });
});
