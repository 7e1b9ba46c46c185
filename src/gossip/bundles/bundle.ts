/**
 * The bundle on wire and disk: header ‖ ciphertext ‖ signature. The header says which messages of which stream are
 * inside and under which key; it is the cipher's associated data, and the signature covers header and ciphertext.
 * Sealing, signing and checking are crypto's; what is inside is `bundle-content.ts`.
 */
import { createHash } from 'node:crypto';
import { FRAME_BYTES_MAX } from '../../peers/links/links.js';
import { NODE_ID_BYTES, nodeIdBytes, nodeIdFrom, type NodeId } from '../../peers/node-id.js';
import { TOPIC_BYTES_MAX, topicProblem } from '../../topics/topic.js';
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { SEQ_MAX, streamOf, type Stream } from './stream.js';

/** Most messages that one bundle holds. */
export const BUNDLE_MESSAGES_MAX = 1_024;
/** Largest bundle with header and signature; leaves room for the frame around it. */
export const BUNDLE_BYTES_MAX = FRAME_BYTES_MAX - 4_096;
export const CLUSTER_TAG_BYTES = 8;
export const KEY_ID_BYTES = 16;
export const SIGNATURE_BYTES = 64;

const VERSION = 1;

/** What the header of a bundle says. */
export interface BundleHeader {
  readonly stream: Stream;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Which topic key it is sealed with: 16 bytes as base64url. */
  readonly keyId: string;
  /** The cipher's nonce under that key. */
  readonly counter: number;
  /** When the first message was published, in ms since 1970 by the publisher's clock. */
  readonly timeMs: number;
  /** How long after `timeMs` anything inside is worth delivering; undefined is for ever. */
  readonly ttlMs: number | undefined;
}

/** A bundle as it came, with views on its parts. Nothing about it is verified yet. */
export interface Bundle extends BundleHeader {
  readonly byteLength: number;
  readonly bytes: Buffer;
  readonly header: Buffer;
  /** With the cipher's tag. */
  readonly ciphertext: Buffer;
  readonly signature: Buffer;
}

/** How a decoder gets at the stream of a header; a cache saves hashing the name for each bundle. */
export type StreamLookup = (topic: string, publisher: NodeId, epoch: number) => Stream;

/** What stands for the cluster in a bundle, so that one that strayed is refused before any key is tried. */
export function clusterTagOf(clusterName: string): Buffer {
  return createHash('sha256').update(clusterName, 'utf8').digest().subarray(0, CLUSTER_TAG_BYTES);
}

/** The header's bytes; `ciphertextBytes` counts the cipher's tag. */
export function encodeHeader(header: BundleHeader, clusterTag: Uint8Array, ciphertextBytes: number): Buffer {
  const writer = new ByteWriter(128 + header.stream.topic.length * 3);
  writer.u8(VERSION).raw(clusterTag).text(header.stream.topic).raw(nodeIdBytes(header.stream.publisher));
  writer
    .u48(header.stream.epoch)
    .u48(header.firstSeq)
    .varint(header.lastSeq - header.firstSeq + 1);
  writer.raw(Buffer.from(header.keyId, 'base64url')).u48(header.counter).u48(header.timeMs);
  // A ttl of 0 is a message that was never worth delivering, hence the shift.
  return writer
    .varint(header.ttlMs === undefined ? 0 : header.ttlMs + 1)
    .varint(ciphertextBytes)
    .finish();
}

/** Puts the parts together; the result's views lie on one fresh buffer. */
export function joinBundle(
  fields: BundleHeader,
  parts: { header: Buffer; ciphertext: Buffer; signature: Buffer },
): Bundle {
  const bytes = Buffer.concat([parts.header, parts.ciphertext, parts.signature]);
  return viewsOn(bytes, parts.header.length, fields);
}

/** Reads a bundle of the cluster; the views share memory with `bytes`. */
export function decodeBundle(bytes: Buffer, clusterTag: Uint8Array, lookup: StreamLookup = streamOf): Decoded<Bundle> {
  if (bytes.length > BUNDLE_BYTES_MAX) return refused('bundle too large');
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) return refused('unknown bundle version');
  if (!reader.raw(CLUSTER_TAG_BYTES).equals(clusterTag)) return refused('bundle of another cluster');
  const topic = reader.text(TOPIC_BYTES_MAX);
  const publisher = reader.raw(NODE_ID_BYTES);
  const epoch = reader.u48();
  const firstSeq = reader.u48();
  const count = reader.count(BUNDLE_MESSAGES_MAX);
  const keyId = reader.raw(KEY_ID_BYTES).toString('base64url');
  const counter = reader.u48();
  const timeMs = reader.u48();
  const ttl = reader.varint();
  const ciphertextBytes = reader.count(BUNDLE_BYTES_MAX);
  const headerBytes = reader.offset;
  reader.raw(ciphertextBytes);
  reader.raw(SIGNATURE_BYTES);
  if (!reader.isComplete) return refused('bundle cut short or too long');
  const lastSeq = firstSeq + count - 1;
  if (count === 0 || firstSeq === 0 || lastSeq > SEQ_MAX) return refused('bundle with impossible seqs');
  if (topicProblem(topic) !== undefined) return refused('bundle with an invalid topic');
  const stream = lookup(topic, nodeIdFrom(publisher), epoch);
  const ttlMs = ttl === 0 ? undefined : ttl - 1;
  return decoded(viewsOn(bytes, headerBytes, { stream, firstSeq, lastSeq, keyId, counter, timeMs, ttlMs }));
}

function viewsOn(bytes: Buffer, headerBytes: number, fields: BundleHeader): Bundle {
  const signatureAt = bytes.length - SIGNATURE_BYTES;
  return {
    stream: fields.stream,
    firstSeq: fields.firstSeq,
    lastSeq: fields.lastSeq,
    keyId: fields.keyId,
    counter: fields.counter,
    timeMs: fields.timeMs,
    ttlMs: fields.ttlMs,
    byteLength: bytes.length,
    bytes,
    header: bytes.subarray(0, headerBytes),
    ciphertext: bytes.subarray(headerBytes, signatureAt),
    signature: bytes.subarray(signatureAt),
  };
}
