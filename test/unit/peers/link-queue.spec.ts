import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  LANE_BYTES_MAX,
  LinkQueue,
  RECORD_BYTES,
  RECORD_BYTES_MAX,
  RECORD_FRAMES_MAX,
} from '../../../src/peers/links/link-queue.js';
import { FRAME_BYTES_MAX, type Lane } from '../../../src/peers/links/links.js';

function framesOf(record: Buffer | undefined): readonly Buffer[] {
  const frames = record === undefined ? undefined : decodeRecord(record);
  if (!frames?.ok) throw new Error('not a record');
  return frames.value;
}

function drain(queue: LinkQueue): (readonly Buffer[])[] {
  const records: (readonly Buffer[])[] = [];
  for (let record = queue.takeRecord(); record !== undefined; record = queue.takeRecord()) {
    expect(record.length).toBeLessThanOrEqual(RECORD_BYTES_MAX);
    records.push(framesOf(record));
  }
  return records;
}

/** A frame whose first byte names its lane. */
function frame(lane: Lane, bytes: number): Buffer {
  return Buffer.alloc(bytes, lane);
}

describe('link queue', () => {
  it('has no record while nothing waits', () => {
    expect(new LinkQueue().takeRecord()).toBeUndefined();
  });

  it('puts all that waits into one record, control first', () => {
    const queue = new LinkQueue();
    for (const lane of ['repair', 'data', 'control', 'data'] as const) queue.push(lane, Buffer.from(lane));
    expect(drain(queue).map((frames) => frames.map(String))).toEqual([['control', 'data', 'data', 'repair']]);
  });

  it('starts another record once one is full', () => {
    const queue = new LinkQueue();
    for (let count = 0; count < 10; count++) queue.push('data', frame('data', 100 * 1024));
    expect(drain(queue).map((frames) => frames.length)).toEqual([3, 3, 3, 1]);
  });

  it('starts another record once one has as many frames as its receiver takes', () => {
    const queue = new LinkQueue();
    for (let count = 0; count < RECORD_FRAMES_MAX + 5; count++) queue.push('control', frame('control', 1));
    queue.push('data', frame('data', 1));
    expect(drain(queue).map((frames) => frames.length)).toEqual([RECORD_FRAMES_MAX, 6]);
    expect(decodeRecord(encodeRecord(Array.from({ length: RECORD_FRAMES_MAX + 1 }, () => [Buffer.of(1)]))).ok).toBe(
      false,
    );
  });

  it('lets neither repair nor data starve while control, large data and large repair always wait', () => {
    const queue = new LinkQueue();
    const counts = { c: 0, d: 0, r: 0 };
    for (let record = 0; record < 100; record++) {
      queue.push('control', frame('control', 100));
      while (queue.push('data', frame('data', 250 * 1024)));
      while (queue.push('repair', frame('repair', 250 * 1024)));
      for (const taken of framesOf(queue.takeRecord())) counts[String.fromCharCode(taken[0]!) as 'c' | 'd' | 'r']++;
    }
    expect(counts.c).toBe(100);
    expect(counts.d).toBeGreaterThanOrEqual(75);
    expect(counts.r).toBeGreaterThanOrEqual(25);
  });

  it.each(['control', 'data', 'repair'] as const)('refuses a frame beyond the bound of the %s lane', (lane) => {
    const queue = new LinkQueue();
    for (let bytes = 0; bytes < LANE_BYTES_MAX[lane]; bytes += 256 * 1024) {
      expect(queue.push(lane, frame(lane, 256 * 1024))).toBe(true);
    }
    expect(queue.push(lane, frame(lane, 1))).toBe(false);
    expect(queue.bytes).toBe(LANE_BYTES_MAX[lane]);
    queue.takeRecord();
    expect(queue.push(lane, frame(lane, 1))).toBe(true);
  });

  it('holds an empty or a too large frame for a mistake of the caller', () => {
    const queue = new LinkQueue();
    expect(() => queue.push('data', Buffer.alloc(0))).toThrow(RangeError);
    expect(() => queue.push('data', Buffer.alloc(FRAME_BYTES_MAX + 1))).toThrow(RangeError);
    expect(queue.push('data', Buffer.alloc(FRAME_BYTES_MAX))).toBe(true);
    expect(drain(queue)).toHaveLength(1);
  });

  it('delivers every frame once and in the order of its lane, whatever is pushed and taken when', () => {
    const lanes = ['control', 'data', 'repair'] as const;
    const step = fc.record({
      lane: fc.constantFrom(...lanes),
      bytes: fc.integer({ min: 8, max: 90_000 }),
      takes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new LinkQueue();
        const pushed: Record<Lane, number[]> = { control: [], data: [], repair: [] };
        const taken: Record<Lane, number[]> = { control: [], data: [], repair: [] };
        const take = (frames: readonly Buffer[]): void => {
          for (const body of frames) taken[lanes[body[0]!]!].push(body.readUInt32BE(1));
        };
        steps.forEach(({ lane, bytes, takes }, index) => {
          const body = Buffer.alloc(bytes);
          body[0] = lanes.indexOf(lane);
          body.writeUInt32BE(index, 1);
          if (queue.push(lane, body)) pushed[lane].push(index);
          if (takes) take(framesOf(queue.takeRecord()));
        });
        drain(queue).forEach(take);
        expect(taken).toEqual(pushed);
        expect(queue.bytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('record', () => {
  it('is refused, never thrown at, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const frames = decodeRecord(Buffer.from(bytes));
        if (frames.ok)
          expect(encodeRecord(frames.value.map((frame) => [frame])).length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an empty frame', Buffer.from([0])],
    ['a frame that is cut off', Buffer.from([5, 1, 2])],
    ['a frame above the bound', Buffer.concat([Buffer.from([0xff, 0xff, 0x7f]), Buffer.alloc(RECORD_BYTES)])],
  ])('is refused with %s', (_what, bytes) => {
    expect(decodeRecord(bytes).ok).toBe(false);
  });
});
