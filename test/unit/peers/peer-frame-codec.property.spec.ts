import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePeerFrame, encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { peerFrame } from './peer-frame-arbitrary.js';

function asOlder(frame: PeerFrame): PeerFrame {
  if (frame.type !== 'ping-result') return frame;
  const { wallMs: _wallMs, ...older } = frame;
  return older;
}

describe('the codec of membership frames', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(peerFrame, (sent) => {
        expect(decodePeerFrame(encodePeerFrame(sent))).toEqual({ ok: true, value: sent });
      }),
    );
  });

  it('refuses every frame that was cut short or continued', () => {
    fc.assert(
      fc.property(peerFrame, fc.nat(), (sent, at) => {
        const encoded = encodePeerFrame(sent);
        const cut = encoded.subarray(0, at % encoded.length);
        // Without its last field it is one of an older version.
        fc.pre(!cut.equals(encodePeerFrame(asOlder(sent))));
        expect(decodePeerFrame(cut).ok).toBe(false);
        expect(decodePeerFrame(Buffer.concat([encoded, Buffer.from([0])])).ok).toBe(false);
      }),
    );
  });

  it('answers any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 12 }), (raw, type) => {
        const outcome = decodePeerFrame(Buffer.concat([Buffer.from([type]), raw]));
        if (outcome.ok) expect(decodePeerFrame(encodePeerFrame(outcome.value))).toEqual(outcome);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not believe in counts that the bytes cannot hold', () => {
    expect(decodePeerFrame(Buffer.from([9, 0xff, 0xff, 0xff, 0x7f])).ok).toBe(false);
    expect(decodePeerFrame(Buffer.from([9, 0x80, 0x20])).ok).toBe(false);
  });
});
