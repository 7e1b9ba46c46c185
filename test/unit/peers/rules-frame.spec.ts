import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRules, encodeRules } from '../../../src/peers/rules/rules-frame.js';

const digest = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64url'));

describe('a frame of rules', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(fc.record({ topicPolicy: digest, allowList: digest }), (rules) => {
        expect(decodeRules(encodeRules(rules))).toEqual({ ok: true, value: rules });
      }),
    );
  });

  it('that is cut, longer, or of another type is refused', () => {
    const frame = encodeRules({ topicPolicy: 'AAAAAAAAAAA', allowList: 'AAAAAAAAAAA' });
    for (let length = 0; length < frame.length; length++) expect(decodeRules(frame.subarray(0, length)).ok).toBe(false);
    expect(decodeRules(Buffer.concat([frame, Buffer.of(0)])).ok).toBe(false);
    expect(decodeRules(Buffer.concat([Buffer.of(1), frame.subarray(1)])).ok).toBe(false);
  });
});
