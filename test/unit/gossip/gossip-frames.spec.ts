import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGossipFrame, encodeGossipFrame } from '../../../src/gossip/gossip-frame-codec.js';
import { PAGE_ENTRIES_MAX, type GossipFrame } from '../../../src/gossip/gossip-frames.js';
import { nodeId, streamBy } from './arbitraries.js';

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

  it('of an unknown kind are refused', () => {
    expect(decodeGossipFrame(Buffer.of(200)).ok).toBe(false);
    expect(decodeGossipFrame(Buffer.alloc(0)).ok).toBe(false);
  });
});

function frame(): fc.Arbitrary<GossipFrame> {
  const id = fc.nat(255).map(nodeId);
  const stream = fc.nat(255).map((index) => streamBy(nodeId(index)).id);
  const topic = fc.constantFrom('chat', 'news.eu', 'ü.日本');
  const seq = fc.nat(Number.MAX_SAFE_INTEGER);
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));
  const base64 = (length: number) => bytes(length).map((buffer) => buffer.toString('base64url'));
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const type = <T extends string>(name: T) => fc.constant(name);
  const claim = fc.record({ publisher: id, epoch: fc.nat(2 ** 48 - 1), start: seq, floor: seq, frontier: seq });
  return fc.oneof(
    fc.record({ type: type('data'), isRepair: fc.boolean(), start: optional(fc.nat(2 ** 40)), bundle: bytes(30) }),
    fc.record({ type: type('ack'), node: optional(id), entries: fc.array(fc.record({ stream, frontier: seq })) }),
    fc.record({ type: type('summary'), topics: fc.array(fc.record({ topic, digest: base64(8) })) }),
    fc.record({ type: type('extentsRequest'), topics: fc.array(topic) }),
    fc.record({ type: type('extents'), topic, digest: base64(8), isLast: fc.boolean(), streams: fc.array(claim) }),
    fc.record({ type: type('pull'), stream, after: seq, to: seq, bytesMax: seq }),
    fc.record({ type: type('pulled'), stream, upTo: seq, floor: seq, isBusy: fc.boolean() }),
    fc.record({ type: fc.constantFrom('relayRequest' as const, 'relaying' as const), targets: fc.array(id) }),
    fc.record({ type: type('record'), jws: fc.string() }),
    fc.record({ type: type('keyRequest'), topic, keyIds: fc.array(base64(16)) }),
    fc.record({
      type: type('keyGrant'),
      topic,
      envelope: optional(fc.string({ minLength: 1 })),
      keys: fc.array(fc.record({ keyId: base64(16), wrapped: bytes(60) })),
    }),
  );
}
