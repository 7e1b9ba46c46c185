import { fc } from './arbitraries.js';
import { describe, expect, it } from 'vitest';
import {
  BUNDLE_BYTES_MAX,
  clusterTagOf,
  decodeBundle,
  encodeHeader,
  joinBundle,
  type Bundle,
  type BundleHeader,
} from '../../../src/gossip/bundles/bundle.js';
import { streamOf } from '../../../src/gossip/bundles/stream.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';

const TAG = clusterTagOf('home');
const PUBLISHER = nodeIdFrom(Buffer.alloc(32, 7));

describe('bundle', () => {
  it('comes back as it was joined', () => {
    const bundle = bundleOf({ topic: 'news.eu', ttlMs: 5_000 }, 40);
    const decoded = decodeBundle(bundle.bytes, TAG);
    expect(decoded).toEqual({ ok: true, value: bundle });
  });

  it('keeps a ttl of 0 apart from none', () => {
    const none = decodeBundle(bundleOf({ ttlMs: undefined }, 20).bytes, TAG);
    const zero = decodeBundle(bundleOf({ ttlMs: 0 }, 20).bytes, TAG);
    expect(none.ok && none.value.ttlMs).toBeUndefined();
    expect(zero.ok && zero.value.ttlMs).toBe(0);
  });

  it('says the parts that are sealed and signed as views on the bytes that came', () => {
    const { bytes } = bundleOf({}, 40);
    const decoded = decodeBundle(bytes, TAG);
    if (!decoded.ok) throw new Error(decoded.reason);
    const { header, ciphertext, signature } = decoded.value;
    expect(Buffer.concat([header, ciphertext, signature])).toEqual(bytes);
    expect(signature).toHaveLength(64);
    expect(ciphertext.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['of another cluster', () => decodeBundle(bundleOf({}, 20).bytes, clusterTagOf('away'))],
    ['of another version', () => decodeBundle(flipped(bundleOf({}, 20).bytes, 0), TAG)],
    ['without messages', () => decodeBundle(bundleOf({ firstSeq: 5, lastSeq: 4 }, 20).bytes, TAG)],
    ['that begins with seq 0', () => decodeBundle(bundleOf({ firstSeq: 0, lastSeq: 4 }, 20).bytes, TAG)],
    ['with more than 1,024 messages', () => decodeBundle(bundleOf({ firstSeq: 1, lastSeq: 1_025 }, 20).bytes, TAG)],
    ['with an invalid topic', () => decodeBundle(bundleOf({ topic: 'a..b' }, 20).bytes, TAG)],
    ['for a pattern', () => decodeBundle(bundleOf({ topic: 'a.*' }, 20).bytes, TAG)],
    ['that was cut short', () => decodeBundle(bundleOf({}, 20).bytes.subarray(0, -1), TAG)],
    ['with something behind it', () => decodeBundle(Buffer.concat([bundleOf({}, 20).bytes, Buffer.of(0)]), TAG)],
    ['that is too large', () => decodeBundle(bundleOf({}, BUNDLE_BYTES_MAX).bytes, TAG)],
  ])('refuses a bundle %s', (_what, decode) => {
    expect(decode().ok).toBe(false);
  });

  it('never throws, whatever bytes a peer sends', () => {
    const { bytes } = bundleOf({ topic: 'news.eu' }, 30);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        decodeBundle(changed.subarray(0, length), TAG);
      }),
    );
  });
});

function bundleOf(fields: Partial<BundleHeader> & { topic?: string }, ciphertextBytes: number): Bundle {
  const { topic = 'chat', ...rest } = fields;
  const header: BundleHeader = {
    stream: streamOf(topic, PUBLISHER, 1_700_000_000_000),
    firstSeq: 1,
    lastSeq: 3,
    keyId: Buffer.alloc(16, 9).toString('base64url'),
    counter: 12,
    timeMs: 1_700_000_000_500,
    ttlMs: undefined,
    ...rest,
  };
  return joinBundle(header, {
    header: encodeHeader(header, TAG, ciphertextBytes),
    ciphertext: Buffer.alloc(ciphertextBytes, 1),
    signature: Buffer.alloc(64, 2),
  });
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 0x80;
  return changed;
}
