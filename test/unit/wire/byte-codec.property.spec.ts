import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/wire/byte-reader.js';
import { ByteWriter } from '../../../src/wire/byte-writer.js';

interface Values {
  u8: number;
  u16: number;
  u32: number;
  u48: number;
  varint: number;
  raw: Buffer;
  block: Buffer;
  text: string;
}

type Field = { [Kind in keyof Values]: { kind: Kind; value: Values[Kind] } }[keyof Values];

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array));
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant('u48' as const), value: fc.integer({ min: 0, max: 2 ** 48 - 1 }) }),
  fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constantFrom('raw' as const, 'block' as const), value: bytes }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 200 }) }),
);
const fields = fc.array(field, { maxLength: 20 });

function write(written: readonly Field[]): Buffer {
  const writer = new ByteWriter(1);
  for (const next of written) {
    if (next.kind === 'raw' || next.kind === 'block') writer[next.kind](next.value);
    else if (next.kind === 'text') writer.text(next.value);
    else writer[next.kind](next.value);
  }
  return writer.finish();
}

/** Reads what `write` wrote, with the lengths of raw fields known from elsewhere. */
function read(reader: ByteReader, shape: readonly Field[]): (number | string | Buffer)[] {
  return shape.map(({ kind, value }) => {
    if (kind === 'raw') return reader.raw(value.length);
    if (kind === 'block') return reader.block(600);
    if (kind === 'text') return reader.text(10_000);
    return reader[kind]();
  });
}

describe('bytes that were written', () => {
  it('are read back as the same fields', () => {
    fc.assert(
      fc.property(fields, (written) => {
        const reader = new ByteReader(write(written));
        expect(read(reader, written)).toEqual(written.map((each) => each.value));
        expect(reader.isComplete).toBe(true);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('that end early are noticed, wherever they were cut', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (written, at) => {
        const whole = write(written);
        fc.pre(whole.length > 0);
        const reader = new ByteReader(whole.subarray(0, at % whole.length));
        read(reader, written);
        expect(reader.isComplete).toBe(false);
      }),
    );
  });

  it('that are followed by others are not complete', () => {
    const reader = new ByteReader(Buffer.from([7, 8]));
    expect(reader.u8()).toBe(7);
    expect([reader.isComplete, reader.isFailed]).toEqual([false, false]);
  });
});

describe('any bytes', () => {
  it('are read without an exception, never past their end, and not at all after the first failure', () => {
    fc.assert(
      fc.property(bytes, fields, (input, shape) => {
        const reader = new ByteReader(input);
        for (const each of shape) {
          const wasFailed = reader.isFailed;
          const offset = reader.offset;
          const [value] = read(reader, [each]);
          expect(reader.offset).toBeLessThanOrEqual(input.length);
          if (wasFailed) expect([String(value ?? ''), reader.offset]).toEqual([expect.stringMatching(/^0?$/), offset]);
          if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        }
        if (reader.isFailed) expect([reader.remaining, reader.isComplete]).toEqual([0, false]);
      }),
    );
  });
});

describe('a reader', () => {
  it('refuses a count above the bound and returns none', () => {
    const reader = new ByteReader(new ByteWriter().varint(1_000_000).finish());
    expect(reader.count(999_999)).toBe(0);
    expect(reader.isFailed).toBe(true);
  });

  it('refuses a block longer than the bound without looking for its bytes', () => {
    const reader = new ByteReader(new ByteWriter().block(Buffer.alloc(11)).finish());
    expect(reader.block(10)).toHaveLength(0);
    expect(reader.isFailed).toBe(true);
  });

  it.each([
    ['above 2^53 - 1', 'ffffffffffffff7f'],
    ['of nine bytes', 'ffffffffffffffff01'],
    ['that never ends', 'ffffffffffffffffffffffff'],
  ])('refuses a varint %s', (_, hex) => {
    const reader = new ByteReader(Buffer.from(hex, 'hex'));
    expect([reader.varint(), reader.isFailed]).toEqual([0, true]);
  });

  it.each([
    ['a stray continuation byte', '80'],
    ['an overlong form', 'c0af'],
    ['a surrogate', 'eda080'],
    ['a cut character', 'e282'],
  ])('refuses text with %s', (_, hex) => {
    const reader = new ByteReader(new ByteWriter().block(Buffer.from(hex, 'hex')).finish());
    expect([reader.text(100), reader.isFailed]).toEqual(['', true]);
  });

  it('accepts a replacement character that was written as one', () => {
    expect(new ByteReader(new ByteWriter().text('\ufffd!').finish()).text(100)).toBe('\ufffd!');
  });

  it('reads a view of a larger buffer', () => {
    const reader = new ByteReader(new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
    expect([reader.u8(), reader.u8(), reader.isComplete]).toEqual([1, 2, true]);
  });
});

describe('a writer', () => {
  it.each([-1, 1.5, 2 ** 53, Number.NaN])('throws on %d, which is no unsigned integer', (value) => {
    expect(() => new ByteWriter().varint(value)).toThrow(RangeError);
  });

  it('throws on numbers that do not fit', () => {
    expect(() => new ByteWriter().u8(256)).toThrow(RangeError);
    expect(() => new ByteWriter().u48(2 ** 48)).toThrow(RangeError);
  });

  it('knows how much it holds and grows as needed', () => {
    const writer = new ByteWriter(0);
    writer.raw(Buffer.alloc(1_000, 1)).u8(2);
    expect(writer.length).toBe(1_001);
    expect(writer.finish()).toEqual(Buffer.concat([Buffer.alloc(1_000, 1), Buffer.from([2])]));
  });
});
