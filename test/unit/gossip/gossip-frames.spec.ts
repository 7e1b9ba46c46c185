import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGossipFrame, encodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import { PAGE_ENTRIES_MAX, type GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import { SEQ_MAX } from '../../../src/gossip/bundles/stream.js';
import { nodeId, streamBy } from './arbitraries.js';
import { frame } from './frame-arbitrary.js';

describe('gossip frames', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(frame(), (sent) => {
        expect(decodeGossipFrame(encodeGossipFrame(sent))).toEqual({ ok: true, value: sent });
      }),
    );
  });

  it('are refused, never thrown at, when bytes are changed, cut or added', () => {
    fc.assert(
      fc.property(frame(), fc.nat(), fc.nat(255), fc.nat(), (sent, at, value, length) => {
        const bytes = encodeGossipFrame(sent);
        bytes[at % bytes.length] = value;
        decodeGossipFrame(bytes.subarray(0, length % (bytes.length + 1)));
      }),
    );
  });

  it('are refused when they hold more entries than a page', () => {
    const topics = Array.from({ length: PAGE_ENTRIES_MAX + 1 }, () => 'a');
    expect(decodeGossipFrame(encodeGossipFrame({ type: 'extentsRequest', topics }))).toEqual({
      ok: false,
      reason: 'malformed extentsRequest frame',
    });
  });

  it.each(['ack', 'extents', 'pull', 'pulled'] as const)(
    'are refused when a seq of %s has no place in six bytes',
    (type) => {
      const refused = { ok: false, reason: `malformed ${type} frame` };
      expect(decodeGossipFrame(encodeGossipFrame(frameTo(type, SEQ_MAX))).ok).toBe(true);
      expect(decodeGossipFrame(encodeGossipFrame(frameTo(type, SEQ_MAX + 1)))).toEqual(refused);
    },
  );

  it.each([
    { start: 0, floor: 6, frontier: 5 },
    { start: 6, floor: 0, frontier: 5 },
  ])('are refused when a stream is said to begin behind its end', (extent) => {
    expect(decodeGossipFrame(encodeGossipFrame(extents(extent))).ok).toBe(false);
  });

  it('of an unknown kind are refused', () => {
    expect(decodeGossipFrame(Buffer.of(200)).ok).toBe(false);
    expect(decodeGossipFrame(Buffer.alloc(0)).ok).toBe(false);
  });
});

function frameTo(type: 'ack' | 'extents' | 'pull' | 'pulled', seq: number): GossipFrame {
  const stream = streamBy(nodeId(1)).id;
  switch (type) {
    case 'ack':
      return { type, node: undefined, entries: [{ stream, start: 0, frontier: seq }] };
    case 'extents':
      return extents({ start: 0, floor: 0, frontier: seq });
    case 'pull':
      return { type, stream, after: 0, to: seq, bytesMax: 1 };
    case 'pulled':
      return { type, stream, upTo: seq, floor: 0, isBusy: false };
  }
}

function extents(extent: { start: number; floor: number; frontier: number }): GossipFrame {
  const streams = [{ publisher: nodeId(1), epoch: 1, ...extent }];
  return { type: 'extents', topic: 'chat', digest: Buffer.alloc(8).toString('base64url'), isLast: true, streams };
}
