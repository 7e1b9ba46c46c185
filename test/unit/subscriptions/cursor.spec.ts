import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURSOR_STREAMS_MAX, decodeCursor, encodeCursor } from '../../../src/subscriptions/cursor.js';
import { testStream } from './written-log.js';

const ids = Array.from({ length: 200 }, (_, epoch) => testStream('chat', epoch + 1).id);
const seqs = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const cursors = fc.record({
  sinceMs: fc.nat({ max: 2 ** 48 - 1 }),
  streams: fc
    .array(fc.tuple(fc.constantFrom(...ids), seqs), { maxLength: CURSOR_STREAMS_MAX })
    .map((list) => new Map(list)),
});
const mark = { store: Buffer.alloc(6, 9).toString('base64url'), arrival: 2 ** 40, seq: 3 };

describe('a cursor', () => {
  it('comes back from its token as it was', () => {
    fc.assert(
      fc.property(cursors, fc.boolean(), (cursor, isMarked) => {
        const given = isMarked ? { ...cursor, mark } : cursor;
        expect(decodeCursor(encodeCursor(given))).toEqual({ ok: true, value: given });
      }),
    );
  });

  it('keeps the streams that moved last when there are too many', () => {
    const streams = new Map(ids.map((id, index) => [id, index]));
    const read = decodeCursor(encodeCursor({ sinceMs: 5, streams }));
    expect(read.ok && [...read.value.streams.keys()]).toEqual(ids.slice(-CURSOR_STREAMS_MAX));
  });

  it('is refused when it is cut short, too long, of another version, or no base64url', () => {
    const token = encodeCursor({ sinceMs: 5, streams: new Map([[ids[0]!, 7]]) });
    const bad = [token.slice(0, -4), token.repeat(200), `_${token.slice(1)}`, '%%%', ' '];
    expect(bad.filter((text) => decodeCursor(text).ok)).toEqual([]);
  });

  it('never throws, whatever the token', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const token = Buffer.from([1, ...bytes]).toString('base64url');
        expect(typeof decodeCursor(token).ok).toBe('boolean');
      }),
    );
  });
});
