import { beforeAll, describe, expect, it } from 'vitest';
import { openBundle } from '../../../src/crypto/bundle-seal.js';
import { clusterKeysOf } from '../../../src/crypto/cluster-keys.js';
import { HELLO_BYTES } from '../../../src/crypto/hello.js';
import { LinkCipher } from '../../../src/crypto/link-cipher.js';
import { keyIdOf, unwrapTopicKey } from '../../../src/crypto/topic-keys.js';
import { decodeContent } from '../../../src/gossip/bundles/bundle-content.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import { decodeRecord } from '../../../src/peers/links/link-queue.js';
import { decodePeerFrame, encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import { sampleBytes, SampleNode, SECRET } from './sample-node.js';
import { isSignedBy, PAYLOAD, playSession, PUBLISHED_AT_MS, type SampleSession } from './sample-session.js';
import { readSessionPage } from './session-page.js';

const { values, blocks } = readSessionPage();
let A: SampleNode;
let B: SampleNode;
let session: SampleSession;

beforeAll(async () => {
  A = await SampleNode.create('A');
  B = await SampleNode.create('B');
  const signatures = values.signatures.map((hex) => Buffer.from(hex, 'hex'));
  session = await playSession({ A, B }, values, (node, bytes) => {
    const signature = signatures.shift();
    if (signature === undefined || !isSignedBy(node, bytes, signature)) {
      throw new Error(`the page has no signature by ${node.name} over ${Buffer.from(bytes).toString('hex')}`);
    }
    return signature;
  });
});

describe('the sample session of the protocol', () => {
  it('is on the page byte for byte', () => {
    const told = session.sent.flatMap(({ record, wire }) => (record === undefined ? [wire] : [record, wire]));
    // The content of the bundle stands before the record that carries it.
    told.splice(12, 0, session.content);
    expect(blocks.map((block) => block.toString('hex'))).toEqual(told.map((bytes) => bytes.toString('hex')));
  });

  it('comes to the same keys and ids as the page says', () => {
    const { hello, admission, link } = clusterKeysOf(SECRET);
    const clusterKeys = {
      hello: hello.toString('hex'),
      admission: admission.toString('hex'),
      link: link.toString('hex'),
    };
    const { id: streamId } = session.bundle.stream;
    expect(values).toMatchObject({
      ids: { A: A.id, B: B.id },
      clusterKeys,
      streamId,
      keyId: keyIdOf(sampleBytes('topic key')),
    });
  });

  it.each(['A', 'B'] as const)('has records that %s signs the same but for the signature', async (name) => {
    const jws = await (name === 'A' ? A : B).signRecord();
    const unsigned = (text: string): string => text.slice(0, text.lastIndexOf('.'));
    expect(unsigned(jws)).toBe(unsigned(values.records[name]));
  });

  it.each(['A', 'B'] as const)('can be read from the handshake on with the link key of %s', (name) => {
    const cipher = new LinkCipher(Buffer.from(values.linkKeys[name], 'hex'));
    const sealed = session.sent.filter((_, at) => at > 0 && at % 2 === (name === 'A' ? 0 : 1));
    const opened = sealed.map(({ wire }, at) =>
      cipher.open(name === 'B' && at === 0 ? wire.subarray(HELLO_BYTES) : wire),
    );
    expect(opened.every((plaintext) => plaintext !== undefined)).toBe(true);
    const records = sealed.flatMap(({ record }) => (record === undefined ? [] : [record]));
    expect(opened.slice(-records.length)).toEqual(records);
  });

  it('decodes to frames that encode to the same bytes', () => {
    const frames = session.sent.flatMap(({ record }) => framesOf(record));
    for (const frame of frames) expect(Buffer.concat([frame.subarray(0, 1), recoded(frame)])).toEqual(frame);
    expect(frames).toHaveLength(15);
  });

  it('ends with one directory at both, and the message known to be in both logs', () => {
    expect(session.digests.A).toBe(session.digests.B);
    expect(session.told).toContainEqual({ type: 'reached', id: 1, confirmed: 2, of: 2 });
  });

  it('lets the reader open the message with the key that it was granted', async () => {
    const grant = session.sent
      .flatMap(({ record }) => framesOf(record))
      .map(gossipFrameOf)
      .find(isGrant)!;
    const pairwise = await B.identity.openEnvelope(grant.envelope!);
    const [granted] = grant.keys;
    const key = unwrapTopicKey({ pairwise: pairwise!, ...granted! })!;
    const { header, ciphertext, counter } = session.bundle;
    const content = decodeContent(openBundle({ header, ciphertext, counter, key })!, session.bundle, 'A');
    expect(content).toMatchObject({
      value: [{ seq: 1, payload: PAYLOAD, publishedAtMs: PUBLISHED_AT_MS, ttlMs: 60_000, headers: { lang: 'en' } }],
    });
  });
});

function framesOf(record: Buffer | undefined): readonly Buffer[] {
  const frames = record === undefined ? undefined : decodeRecord(record);
  return frames?.ok === true ? frames.value : [];
}

function recoded(frame: Buffer): Buffer {
  const body = frame.subarray(1);
  if (frame[0] === 2) return encodeGossipFrame(gossipFrameOf(frame)!);
  const decoded = decodePeerFrame(body);
  if (!decoded.ok) throw new Error(decoded.reason);
  return encodePeerFrame(decoded.value);
}

function gossipFrameOf(frame: Buffer): GossipFrame | undefined {
  if (frame[0] !== 2) return undefined;
  const decoded = decodeGossipFrame(frame.subarray(1));
  return decoded.ok ? decoded.value : undefined;
}

function isGrant(frame: GossipFrame | undefined): frame is GossipFrame & { readonly type: 'keyGrant' } {
  return frame?.type === 'keyGrant';
}
