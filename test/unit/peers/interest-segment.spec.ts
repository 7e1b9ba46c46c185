import { describe, expect, it } from 'vitest';
import {
  decodeSegment,
  encodeSegmentBody,
  INTEREST_SEGMENT_BYTES_MAX,
  segmentParts,
} from '../../../src/peers/interest/interest-segment.js';
import { idOf, signed, SIGNATURE, snapshotOf } from './statements-of.js';

const step = {
  subject: idOf(1),
  epoch: 5,
  base: 3,
  version: 4,
  added: [{ pattern: 'news.*', sinceMs: 1_700_000_000_000 }],
  removed: ['chat'],
};

describe('an interest segment', () => {
  it('is read as it was written, with what was signed and the signature apart', () => {
    const outcome = decodeSegment(signed(step).bytes);
    expect(outcome).toEqual({ ok: true, value: signed(step) });
    expect(segmentParts(signed(step))).toEqual({ body: encodeSegmentBody(step), signature: SIGNATURE });
  });

  it.each([
    ['cut short', signed(step).bytes.subarray(0, -1)],
    ['continued', Buffer.concat([signed(step).bytes, Buffer.alloc(1)])],
    ['empty', Buffer.alloc(0)],
    ['of another kind', Buffer.concat([Buffer.from('x'), signed(step).bytes.subarray(1)])],
    ['without a new version', signed({ ...step, version: 3 }).bytes],
    ['a snapshot that removes', signed({ ...step, base: 0 }).bytes],
    ['no pattern', signed({ ...step, added: [{ pattern: 'a..b', sinceMs: 0 }] }).bytes],
    ['too large', Buffer.alloc(INTEREST_SEGMENT_BYTES_MAX + 1)],
  ])('is refused when it is %s', (_, bytes) => {
    expect(decodeSegment(bytes).ok).toBe(false);
  });

  it('is refused with more entries than a node may have', () => {
    const added = Array.from({ length: 4_097 }, (_, index) => ({ pattern: `t${index}`, sinceMs: 0 }));
    expect(decodeSegment(snapshotOf(1, 1, added.slice(1)).bytes).ok).toBe(true);
    expect(decodeSegment(snapshotOf(1, 1, added).bytes).ok).toBe(false);
  });
});
