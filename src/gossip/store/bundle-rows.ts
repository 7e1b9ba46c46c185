/**
 * Keys and values of the store's rows. Keys are compared byte by byte, so numbers in them are big-endian: the bundles of a
 * stream lie in order of their last seq, the entries of a topic in order of arrival. All that an index entry says
 * stands in the key of its bundle, so that walking a stream does not touch the bundles' pages. Behind every value stands a
 * checksum over key and value.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { NODE_ID_BYTES, nodeIdBytes, nodeIdFrom, type NodeId } from '../../peers/node-id.js';
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import type { BundleEntry, HeldExtent, StoredKey } from './bundle-store.js';
import { SEQ_MAX, STREAM_ID_BYTES, type Stream, type StreamId } from '../bundles/stream.js';

/** First byte of a row's key. */
export const ROW = { bundle: 0x62, entry: 0x74, extent: 0x78, publisher: 0x70, key: 0x6b, about: 0x6d } as const;
export type Row = keyof typeof ROW;

const TOPIC_HASH_BYTES = 12;
/** On top of an extent's epoch, which never comes near it: the row says up to where nothing is owed. */
const OPEN_FLOOR = 2 ** 47;

const CHECKSUM_BYTES = 4;

/** The value as it is kept under `key`. */
export function withChecksum(key: Buffer, value: Buffer): Buffer {
  const row = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  value.copy(row);
  row.writeUInt32LE(crc32(value, crc32(key)), value.length);
  return row;
}

/** What `withChecksum` was given; undefined when it is damaged. */
export function withoutChecksum(key: Buffer, row: Buffer): Buffer | undefined {
  const length = row.length - CHECKSUM_BYTES;
  if (length < 0) return undefined;
  const value = row.subarray(0, length);
  return crc32(value, crc32(key)) === row.readUInt32LE(length) ? value : undefined;
}

/** Where rows of this kind start and end, `end` excluded. */
export function rowRange(row: Row): { start: Buffer; end: Buffer } {
  return { start: Buffer.of(ROW[row]), end: Buffer.of(ROW[row] + 1) };
}

/** What is kept of the store itself. */
export type About = 'id' | 'arrival';

export function aboutKey(name: About): Buffer {
  return Buffer.concat([Buffer.of(ROW.about), Buffer.from(name)]);
}

/** From the first bundle of a stream whose last seq is at least `fromSeq` to the stream's end. */
export function streamRange(stream: StreamId, fromSeq: number): { start: Buffer; end: Buffer } {
  return { start: streamPosition(stream, Math.min(fromSeq, SEQ_MAX)), end: afterStream(stream) };
}

/** Behind every bundle of the stream, and before those of the next. */
export function afterStream(stream: StreamId): Buffer {
  return Buffer.concat([streamPosition(stream, SEQ_MAX), Buffer.of(0xff)]);
}

/** From the first entry of a topic after `afterArrival` to the topic's end. */
export function topicRange(topic: string, afterArrival: number): { start: Buffer; end: Buffer } {
  const hash = topicHash(topic);
  return { start: entryKey(hash, Math.min(afterArrival, SEQ_MAX - 1) + 1), end: entryKey(hash, SEQ_MAX) };
}

/** Behind the stream's bundles whose last seq is not above `seq`, and before the others. */
export function afterSeq(stream: StreamId, seq: number): Buffer {
  return seq < SEQ_MAX ? streamPosition(stream, seq + 1) : afterStream(stream);
}

export function bundleKey(entry: BundleEntry): Buffer {
  return new ByteWriter(1 + STREAM_ID_BYTES + 28)
    .u8(ROW.bundle)
    .raw(Buffer.from(entry.stream.id, 'base64url'))
    .u48(entry.lastSeq)
    .u48(entry.arrival)
    .u48(entry.firstSeq)
    .u48(entry.receivedAtMs)
    .u32(entry.byteLength)
    .finish();
}

export function streamIdOfKey(key: Buffer): StreamId {
  return key.toString('base64url', 1, 1 + STREAM_ID_BYTES);
}

export function lastSeqOfKey(key: Buffer): number {
  return key.readUIntBE(1 + STREAM_ID_BYTES, 6);
}

/** Undefined when it is no bundle's key. */
export function entryOfKey(key: Buffer, stream: Stream): BundleEntry | undefined {
  const place = placeOfKey(key);
  return place === undefined ? undefined : { stream, ...place };
}

/** The same for a stream that is known by its id only. */
export function placeOfKey(key: Buffer): Omit<BundleEntry, 'stream'> | undefined {
  const reader = new ByteReader(key.subarray(1 + STREAM_ID_BYTES));
  const lastSeq = reader.u48();
  const arrival = reader.u48();
  const firstSeq = reader.u48();
  const receivedAtMs = reader.u48();
  const byteLength = reader.u32();
  return reader.isComplete ? { firstSeq, lastSeq, arrival, receivedAtMs, byteLength } : undefined;
}

export function topicEntryKey(entry: BundleEntry): Buffer {
  return entryKey(topicHash(entry.stream.topic), entry.arrival);
}

export function topicEntryRow(entry: BundleEntry): Buffer {
  return bundleKey(entry).subarray(1);
}

/** The key of the bundle that a topic's entry stands for. */
export function bundleKeyOfRow(row: Buffer): Buffer {
  return Buffer.concat([Buffer.of(ROW.bundle), row]);
}

/** Undefined when the row is damaged or of a stream that `streamOf` does not know. */
export function entryOfRow(row: Buffer, streamOf: (id: StreamId) => Stream | undefined): BundleEntry | undefined {
  if (row.length < STREAM_ID_BYTES) return undefined;
  const stream = streamOf(row.toString('base64url', 0, STREAM_ID_BYTES));
  return stream === undefined ? undefined : entryOfKey(bundleKeyOfRow(row), stream);
}

export function extentKey(stream: StreamId): Buffer {
  return Buffer.concat([Buffer.of(ROW.extent), Buffer.from(stream, 'base64url')]);
}

export function extentRow(extent: HeldExtent): Buffer {
  const { stream, openFrom } = extent;
  const writer = new ByteWriter(64 + NODE_ID_BYTES + stream.topic.length * 3);
  writer.u48(extent.floor).u48(extent.frontier).u48(extent.changedAtMs).u48(extent.bytes);
  if (openFrom === undefined) writer.u48(stream.epoch);
  else writer.u48(stream.epoch + OPEN_FLOOR).u48(openFrom);
  return writer.raw(nodeIdBytes(stream.publisher)).raw(Buffer.from(stream.topic, 'utf8')).finish();
}

/** Undefined when the row is damaged. */
export function extentOfRow(key: Buffer, row: Buffer): HeldExtent | undefined {
  const reader = new ByteReader(row);
  const floor = reader.u48();
  const frontier = reader.u48();
  const changedAtMs = reader.u48();
  const bytes = reader.u48();
  const marked = reader.u48();
  const isOpen = marked >= OPEN_FLOOR;
  const epoch = isOpen ? marked - OPEN_FLOOR : marked;
  const openFrom = isOpen ? reader.u48() : undefined;
  const publisher = nodeIdFrom(reader.raw(NODE_ID_BYTES));
  if (reader.isFailed || floor > frontier) return undefined;
  const stream = { id: streamIdOfKey(key), topic: row.toString('utf8', reader.offset), publisher, epoch };
  return { stream, floor, frontier, changedAtMs, bytes, ...(isOpen ? { openFrom } : {}) };
}

export function publisherKey(publisher: NodeId): Buffer {
  return Buffer.concat([Buffer.of(ROW.publisher), nodeIdBytes(publisher)]);
}

export function publisherOfKey(key: Buffer): NodeId {
  return nodeIdFrom(key.subarray(1));
}

export function keyKey(keyId: string): Buffer {
  return Buffer.concat([Buffer.of(ROW.key), Buffer.from(keyId, 'base64url')]);
}

export function keyRow(key: StoredKey): Buffer {
  const stream = Buffer.alloc(STREAM_ID_BYTES);
  if (key.stream !== undefined) stream.write(key.stream, 'base64url');
  return new ByteWriter().raw(stream).u48(key.firstSeq).raw(key.wrapped).finish();
}

/** Undefined when the row is damaged. */
export function keyOfRow(key: Buffer, row: Buffer): StoredKey | undefined {
  const reader = new ByteReader(row);
  const id = reader.raw(STREAM_ID_BYTES);
  const stream = id.every((byte) => byte === 0) ? undefined : id.toString('base64url');
  const firstSeq = reader.u48();
  const wrapped = reader.raw(reader.remaining);
  return reader.isComplete ? { keyId: key.toString('base64url', 1), stream, firstSeq, wrapped } : undefined;
}

function streamPosition(stream: StreamId, lastSeq: number): Buffer {
  const position = Buffer.alloc(1 + STREAM_ID_BYTES + 6, ROW.bundle);
  position.write(stream, 1, STREAM_ID_BYTES, 'base64url');
  position.writeUIntBE(lastSeq, 1 + STREAM_ID_BYTES, 6);
  return position;
}

function entryKey(hash: Buffer, arrival: number): Buffer {
  return new ByteWriter(1 + TOPIC_HASH_BYTES + 6).u8(ROW.entry).raw(hash).u48(arrival).finish();
}

function topicHash(topic: string): Buffer {
  return createHash('sha256').update(topic, 'utf8').digest().subarray(0, TOPIC_HASH_BYTES);
}
