import { patternProblem, TOPIC_BYTES_MAX } from '../../topics/topic.js';
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { INTEREST_ENTRIES_MAX, type InterestEntry } from './interest.js';
import { NODE_ID_BYTES, nodeIdBytes, nodeIdFrom, type NodeId } from '../node-id.js';

/** A step of one node's interest from version `base` to `version`; with base 0 it is a snapshot and stands alone. */
export interface InterestSegment {
  readonly subject: NodeId;
  /** The life of the subject that it belongs to. */
  readonly epoch: number;
  readonly base: number;
  /** Above `base`; a node's first version is 1. */
  readonly version: number;
  /** New entries, and old ones with another `sinceMs`. */
  readonly added: readonly InterestEntry[];
  readonly removed: readonly string[];
}

/** A segment together with its bytes as the subject signed them: body ‖ ES256 signature. */
export interface SignedInterestSegment extends InterestSegment {
  readonly bytes: Buffer;
}

/** Larger interests are announced as covering patterns, so that a snapshot is always one segment. */
export const INTEREST_SEGMENT_BYTES_MAX = 256 * 1024;

const SIGNATURE_BYTES = 64;

/** The bytes that the subject signs. */
export function encodeSegmentBody(segment: InterestSegment): Buffer {
  const writer = new ByteWriter(1_024)
    .raw(DOMAIN)
    .raw(nodeIdBytes(segment.subject))
    .u48(segment.epoch)
    .varint(segment.base)
    .varint(segment.version)
    .varint(segment.added.length);
  for (const entry of segment.added) writer.text(entry.pattern).u48(entry.sinceMs);
  writer.varint(segment.removed.length);
  for (const pattern of segment.removed) writer.text(pattern);
  return writer.finish();
}

/** Joins a segment, its body and the signature over that body. */
export function signedSegment(
  segment: InterestSegment,
  body: Uint8Array,
  signature: Uint8Array,
): SignedInterestSegment {
  return { ...segment, bytes: Buffer.concat([body, signature]) };
}

/** What the signature covers, and the signature; the subject's key must verify it before the segment is used. */
export function segmentParts(segment: SignedInterestSegment): { readonly body: Buffer; readonly signature: Buffer } {
  const end = segment.bytes.length - SIGNATURE_BYTES;
  return { body: segment.bytes.subarray(0, end), signature: segment.bytes.subarray(end) };
}

/** Reads body ‖ signature, without verifying it. */
export function decodeSegment(bytes: Buffer): Decoded<SignedInterestSegment> {
  if (bytes.length > INTEREST_SEGMENT_BYTES_MAX) return refused('interest-too-large');
  if (bytes.length < DOMAIN.length + SIGNATURE_BYTES) return refused('interest-too-short');
  const reader = new ByteReader(bytes.subarray(0, -SIGNATURE_BYTES));
  if (!reader.raw(DOMAIN.length).equals(DOMAIN)) return refused('interest-version');
  const subject = reader.raw(NODE_ID_BYTES);
  const epoch = reader.u48();
  const base = reader.varint();
  const version = reader.varint();
  const added: InterestEntry[] = [];
  for (let left = reader.count(INTEREST_ENTRIES_MAX); left > 0 && !reader.isFailed; left--) {
    added.push({ pattern: reader.text(TOPIC_BYTES_MAX), sinceMs: reader.u48() });
  }
  const removed: string[] = [];
  for (let left = reader.count(INTEREST_ENTRIES_MAX); left > 0 && !reader.isFailed; left--) {
    removed.push(reader.text(TOPIC_BYTES_MAX));
  }
  if (!reader.isComplete) return refused('interest-malformed');
  if (version <= base || (base === 0 && removed.length > 0)) return refused('interest-versions');
  if (added.some((entry) => patternProblem(entry.pattern) !== undefined)) return refused('interest-pattern');
  return decoded({ subject: nodeIdFrom(subject), epoch, base, version, added, removed, bytes });
}

const DOMAIN = Buffer.from('grapevine interest 1\0');
