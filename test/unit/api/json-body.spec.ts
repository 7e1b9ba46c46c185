import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNdjson } from '../../../src/api/json-body.js';
import { GrapevineError } from '../../../src/runtime/errors.js';

describe('readNdjson', () => {
  it('reads what was written, whatever the line ends', () => {
    const values = fc.array(fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown));
    fc.assert(
      fc.property(values, fc.constantFrom('\n', '\r\n', '\n\n'), fc.boolean(), (items, lineEnd, isEnded) => {
        const text = items.map((item) => JSON.stringify(item)).join(lineEnd) + (isEnded ? lineEnd : '');
        expect(readNdjson(text).items).toEqual(items);
      }),
    );
  });

  it('puts an error with its line in the place of what cannot be read, and keeps the others', () => {
    const { items } = readNdjson('1\n\n{"a"\n2');
    expect(items[0]).toBe(1);
    expect(items[1]).toBeInstanceOf(GrapevineError);
    expect((items[1] as GrapevineError).detail).toContain('Line 3');
    expect(items[2]).toBe(2);
  });
});
