import fc from 'fast-check';
import type { GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import { SEQ_MAX } from '../../../src/gossip/bundles/stream.js';
import { nodeId, streamBy } from './arbitraries.js';

/** A frame as a peer may send it; with seqs above `SEQ_MAX` it is refused. */
export function frame(seqMax = SEQ_MAX): fc.Arbitrary<GossipFrame> {
  const id = fc.oneof(fc.nat(3), fc.nat(255)).map(nodeId);
  const stream = fc.oneof(fc.nat(3), fc.nat(255)).map((index) => streamBy(nodeId(index)).id);
  const topic = fc.constantFrom('chat', 'news.eu', 'ü.日本');
  const seq = fc.oneof(fc.nat(20), fc.nat(seqMax));
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));
  const base64 = (length: number) => bytes(length).map((buffer) => buffer.toString('base64url'));
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const type = <T extends string>(name: T) => fc.constant(name);
  const claim = fc
    .record({ publisher: id, epoch: fc.oneof(fc.constant(1), fc.nat(2 ** 48 - 1)), seqs: fc.tuple(seq, seq, seq) })
    .map(({ publisher, epoch, seqs: [a, b, c] }) => {
      const frontier = Math.max(a, b, c);
      return { publisher, epoch, start: Math.min(a, b), floor: Math.min(b, c), frontier };
    });
  const entry = fc
    .record({ stream, seqs: fc.tuple(seq, seq) })
    .map(({ stream: id, seqs: [a, b] }) => ({ stream: id, start: Math.min(a, b), frontier: Math.max(a, b) }));
  return fc.oneof(
    fc.record({ type: type('data'), isRepair: fc.boolean(), start: optional(fc.nat(2 ** 40)), bundle: bytes(30) }),
    fc.record({ type: type('ack'), node: optional(id), entries: fc.array(entry) }),
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
    fc.record({ type: type('declined'), node: optional(id), streams: fc.array(stream) }),
    fc.record({ type: type('relayedKeyRequest'), reader: id, publisher: id, topic, keyIds: fc.array(base64(16)) }),
    fc.record({
      type: type('relayedKeyGrant'),
      reader: id,
      topic,
      keys: fc.array(fc.record({ keyId: base64(16), envelope: fc.string() }), { maxLength: 16 }),
    }),
  );
}
