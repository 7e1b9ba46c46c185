import fc from 'fast-check';
import { clusterTagOf, decodeBundle, encodeHeader, joinBundle, type Bundle } from '../../src/gossip/bundles/bundle.js';
import { ContentWriter, decodeContent } from '../../src/gossip/bundles/bundle-content.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../src/gossip/bundles/gossip-frames.js';
import type { Message } from '../../src/gossip/bundles/message.js';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import { decodeTopicKey, encodeTopicKey, type KnownTopicKey } from '../../src/gossip/keys/topic-key.js';
import { nodeIdFrom } from '../../src/peers/node-id.js';
import { frame } from '../unit/gossip/frame-arbitrary.js';
import { valueOf, type FuzzTarget } from './fuzz-target.js';
import { mutateBytes } from './mutate-bytes.js';

const TAG = clusterTagOf('sample');
const STREAM = streamOf('news.eu', nodeIdFrom(Buffer.alloc(32, 7)), 1_700_000_000_000);
const PLACE = { stream: STREAM, firstSeq: 5, lastSeq: 7, timeMs: 1_700_000_000_500 };

/** What is said on the gossip channel, and what is inside bundles. */
export const GOSSIP_TARGETS: readonly FuzzTarget[] = [
  {
    decoder: 'decodeGossipFrame',
    corpus: () => fc.sample(frame(), { seed: 1, numRuns: 200 }).map(encodeGossipFrame),
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeGossipFrame(input)),
    encode: (read: GossipFrame) => encodeGossipFrame(read),
  },
  {
    decoder: 'decodeBundle',
    corpus: () => [bundle(1, undefined, 30), bundle(3, 0, 300), bundle(1_024, 60_000, 2_000)],
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeBundle(input, TAG)),
    encode: ({ ciphertext, signature, ...read }: Bundle) =>
      Buffer.concat([encodeHeader(read, TAG, ciphertext.length), ciphertext, signature]),
    meaning: (read: Bundle) => ({ ...read, bytes: undefined, header: undefined, byteLength: undefined }),
  },
  {
    decoder: 'decodeContent',
    corpus: () => [content(undefined), content({ lang: 'en', trace: 'a'.repeat(40) })],
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeContent(input, PLACE, 'A')),
    encode: (messages: readonly Message[]) => contentOf(messages),
  },
  {
    decoder: 'decodeTopicKey',
    corpus: () => [encodeTopicKey({ topic: 'news.eu', key: Buffer.alloc(32, 3) })],
    mutate: mutateBytes,
    decode: (input: Buffer) => decodeTopicKey(input),
    encode: (known: KnownTopicKey) => encodeTopicKey(known),
  },
];

function bundle(count: number, ttlMs: number | undefined, ciphertextBytes: number): Buffer {
  const keyId = Buffer.alloc(16, 9).toString('base64url');
  const fields = { ...PLACE, lastSeq: PLACE.firstSeq + count - 1, keyId, counter: 12, ttlMs };
  return joinBundle(fields, {
    header: encodeHeader(fields, TAG, ciphertextBytes),
    ciphertext: Buffer.alloc(ciphertextBytes, 1),
    signature: Buffer.alloc(64, 2),
  }).bytes;
}

function content(headers: Record<string, string> | undefined): Buffer {
  const message = { publishedAtMs: PLACE.timeMs, ttlMs: undefined, headers, idempotencyKey: undefined };
  const payload = Buffer.from('{"hello":"world"}');
  return contentOf([
    { ...message, encoding: 'json', payload },
    { ...message, publishedAtMs: PLACE.timeMs - 10, ttlMs: 60_000, encoding: 'bytes', payload },
    { ...message, idempotencyKey: 'order 17', encoding: 'json', payload: Buffer.from('1') },
  ]);
}

function contentOf(messages: readonly Omit<Message, 'stream' | 'seq' | 'publisherName'>[]): Buffer {
  const writer = new ContentWriter(PLACE.timeMs);
  for (const each of messages) writer.append(each, each.publishedAtMs);
  return writer.finish();
}
