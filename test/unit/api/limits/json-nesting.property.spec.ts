import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNestedDeeper } from '../../../../src/api/limits/json-nesting.js';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the nesting of a JSON text', () => {
  it('is that of the value, whatever stands in its strings', () => {
    const key = fc.stringMatching(/^[[\]{}"\\a]{0,5}$/);
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        key,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, fc.boolean(), (each, isSpaced) => {
        const text = JSON.stringify(each, null, isSpaced ? 1 : 0);
        const depth = depthOf(each);
        // A text that is not longer than the bound is not looked at.
        if (depth > 0 && text.length > depth) expect(isNestedDeeper(text, depth)).toBe(false);
        if (depth > 0) expect(isNestedDeeper(text.padEnd(depth), depth - 1)).toBe(true);
      }),
    );
  });

  it('is found without parsing, closed or not', () => {
    expect(isNestedDeeper('['.repeat(65), 64)).toBe(true);
    expect(isNestedDeeper('{"a":'.repeat(65), 64)).toBe(true);
    expect(isNestedDeeper(`"${'['.repeat(100)}"`, 64)).toBe(false);
    expect(isNestedDeeper(`"${'['.repeat(100)}`, 64)).toBe(false);
    expect(isNestedDeeper(`["\\"",${'['.repeat(64)}`, 64)).toBe(true);
    expect(isNestedDeeper(`["\\\\",${'['.repeat(64)}`, 64)).toBe(true);
  });
});
