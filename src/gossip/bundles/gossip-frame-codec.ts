/**
 * Codec of gossip frames. The first byte names the kind. A data frame is written around the bundle's bytes as they are.
 */
import { NODE_RECORD_BYTES_MAX } from '../../crypto/node-record.js';
import { PROTOCOL_VERSIONS } from '../../crypto/protocol-version.js';
import { NODE_ID_BYTES, nodeIdBytes, nodeIdFrom, type NodeId } from '../../peers/node-id.js';
import { TOPIC_BYTES_MAX } from '../../topics/topic.js';
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { KEY_ID_BYTES } from './bundle.js';
import {
  DIGEST_BYTES,
  ENVELOPE_BYTES_MAX,
  KEYS_PER_FRAME_MAX,
  PAGE_ENTRIES_MAX,
  ENVELOPES_PER_FRAME_MAX,
  sinceVersion,
  WRAPPED_KEY_BYTES_MAX,
  type Claim,
  type DataFrame,
  type GossipFrame,
} from './gossip-frames.js';
import { SEQ_MAX, STREAM_ID_BYTES, type StreamId } from './stream.js';

const KINDS = [
  'data',
  'ack',
  'summary',
  'extentsRequest',
  'extents',
  'pull',
  'pulled',
  'relayRequest',
  'relaying',
  'record',
  'keyRequest',
  'keyGrant',
  'declined',
  'relayedKeyRequest',
  'relayedKeyGrant',
] as const satisfies readonly GossipFrame['type'][];

export function encodeGossipFrame(frame: GossipFrame): Buffer {
  if (frame.type === 'data') return Buffer.concat([encodeDataHead(frame), frame.bundle]);
  const writer = new ByteWriter();
  writer.u8(KINDS.indexOf(frame.type));
  write(writer, frame);
  return writer.finish();
}

/** What stands before the bundle in a data frame: the bundle itself need not be copied for it. */
export function encodeDataHead({ isRepair, start }: Pick<DataFrame, 'isRepair' | 'start'>): Buffer {
  const writer = new ByteWriter(16).u8(KINDS.indexOf('data')).u8(isRepair ? 1 : 0);
  writeOptional(writer, start);
  return writer.finish();
}

/** Reads a frame of a peer on a link of this version; a data frame's bundle is a view on `bytes` and not looked at. */
export function decodeGossipFrame(bytes: Buffer, version = PROTOCOL_VERSIONS.max): Decoded<GossipFrame> {
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8()];
  if (kind === undefined || sinceVersion(kind) > version) return refused('unknown kind of gossip frame');
  const frame = read(reader, kind);
  return reader.isComplete && isSound(frame) ? decoded(frame) : refused(`malformed ${kind} frame`);
}

function write(writer: ByteWriter, frame: Exclude<GossipFrame, DataFrame>): void {
  switch (frame.type) {
    case 'ack':
      writer.varint(frame.node === undefined ? 0 : 1);
      if (frame.node !== undefined) writer.raw(nodeIdBytes(frame.node));
      writer.varint(frame.entries.length);
      for (const { stream, start, frontier } of frame.entries)
        writer.raw(streamIdBytes(stream)).varint(start).varint(frontier);
      break;
    case 'summary':
      writer.varint(frame.topics.length);
      for (const { topic, digest } of frame.topics) writer.text(topic).raw(Buffer.from(digest, 'base64url'));
      break;
    case 'extentsRequest':
      writer.varint(frame.topics.length);
      for (const topic of frame.topics) writer.text(topic);
      break;
    case 'extents':
      writer
        .text(frame.topic)
        .raw(Buffer.from(frame.digest, 'base64url'))
        .u8(frame.isLast ? 1 : 0);
      writer.varint(frame.streams.length);
      for (const claim of frame.streams) {
        writer.raw(nodeIdBytes(claim.publisher)).u48(claim.epoch);
        writer.varint(claim.start).varint(claim.floor).varint(claim.frontier);
      }
      break;
    case 'pull':
      writer.raw(streamIdBytes(frame.stream)).varint(frame.after).varint(frame.to).varint(frame.bytesMax);
      break;
    case 'pulled':
      writer
        .raw(streamIdBytes(frame.stream))
        .varint(frame.upTo)
        .varint(frame.floor)
        .u8(frame.isBusy ? 1 : 0);
      break;
    case 'relayRequest':
    case 'relaying':
      writer.varint(frame.targets.length);
      for (const target of frame.targets) writer.raw(nodeIdBytes(target));
      break;
    case 'record':
      writer.text(frame.jws);
      break;
    case 'keyRequest':
      writer.text(frame.topic).varint(frame.keyIds.length);
      for (const keyId of frame.keyIds) writer.raw(Buffer.from(keyId, 'base64url'));
      break;
    case 'keyGrant':
      writer
        .text(frame.topic)
        .text(frame.envelope ?? '')
        .varint(frame.keys.length);
      for (const { keyId, wrapped } of frame.keys) writer.raw(Buffer.from(keyId, 'base64url')).block(wrapped);
      break;
    case 'declined':
      writer.varint(frame.node === undefined ? 0 : 1);
      if (frame.node !== undefined) writer.raw(nodeIdBytes(frame.node));
      writer.varint(frame.streams.length);
      for (const stream of frame.streams) writer.raw(streamIdBytes(stream));
      break;
    case 'relayedKeyRequest':
      writer.raw(nodeIdBytes(frame.reader)).raw(nodeIdBytes(frame.publisher)).text(frame.topic);
      writer.varint(frame.keyIds.length);
      for (const keyId of frame.keyIds) writer.raw(Buffer.from(keyId, 'base64url'));
      break;
    case 'relayedKeyGrant':
      writer.raw(nodeIdBytes(frame.reader)).text(frame.topic).varint(frame.keys.length);
      for (const { keyId, envelope } of frame.keys) writer.raw(Buffer.from(keyId, 'base64url')).text(envelope);
      break;
  }
}

function read(reader: ByteReader, kind: GossipFrame['type']): GossipFrame {
  switch (kind) {
    case 'data':
      return {
        type: kind,
        isRepair: reader.count(1) === 1,
        start: readOptional(reader),
        bundle: reader.raw(reader.remaining),
      };
    case 'ack':
      return {
        type: kind,
        node: reader.count(1) === 1 ? readNodeId(reader) : undefined,
        entries: readPage(reader, () => ({
          stream: readStreamId(reader),
          start: readSeq(reader),
          frontier: readSeq(reader),
        })),
      };
    case 'summary':
      return {
        type: kind,
        topics: readPage(reader, () => ({ topic: reader.text(TOPIC_BYTES_MAX), digest: readDigest(reader) })),
      };
    case 'extentsRequest':
      return { type: kind, topics: readPage(reader, () => reader.text(TOPIC_BYTES_MAX)) };
    case 'extents':
      return {
        type: kind,
        topic: reader.text(TOPIC_BYTES_MAX),
        digest: readDigest(reader),
        isLast: reader.count(1) === 1,
        streams: readPage(reader, () => readClaim(reader)),
      };
    case 'pull':
      return {
        type: kind,
        stream: readStreamId(reader),
        after: readSeq(reader),
        to: readSeq(reader),
        bytesMax: reader.varint(),
      };
    case 'pulled':
      return {
        type: kind,
        stream: readStreamId(reader),
        upTo: readSeq(reader),
        floor: readSeq(reader),
        isBusy: reader.count(1) === 1,
      };
    case 'relayRequest':
    case 'relaying':
      return { type: kind, targets: readPage(reader, () => readNodeId(reader)) };
    case 'record':
      return { type: kind, jws: reader.text(NODE_RECORD_BYTES_MAX) };
    case 'keyRequest':
      return {
        type: kind,
        topic: reader.text(TOPIC_BYTES_MAX),
        keyIds: readPage(reader, () => readKeyId(reader), KEYS_PER_FRAME_MAX),
      };
    case 'keyGrant': {
      const topic = reader.text(TOPIC_BYTES_MAX);
      const envelope = reader.text(ENVELOPE_BYTES_MAX);
      const keys = readPage(
        reader,
        () => ({ keyId: readKeyId(reader), wrapped: reader.block(WRAPPED_KEY_BYTES_MAX) }),
        KEYS_PER_FRAME_MAX,
      );
      return { type: kind, topic, envelope: envelope === '' ? undefined : envelope, keys };
    }
    case 'declined':
      return {
        type: kind,
        node: reader.count(1) === 1 ? readNodeId(reader) : undefined,
        streams: readPage(reader, () => readStreamId(reader)),
      };
    case 'relayedKeyRequest':
      return {
        type: kind,
        reader: readNodeId(reader),
        publisher: readNodeId(reader),
        topic: reader.text(TOPIC_BYTES_MAX),
        keyIds: readPage(reader, () => readKeyId(reader), KEYS_PER_FRAME_MAX),
      };
    case 'relayedKeyGrant':
      return {
        type: kind,
        reader: readNodeId(reader),
        topic: reader.text(TOPIC_BYTES_MAX),
        keys: readPage(
          reader,
          () => ({ keyId: readKeyId(reader), envelope: reader.text(ENVELOPE_BYTES_MAX) }),
          ENVELOPES_PER_FRAME_MAX,
        ),
      };
  }
}

function readClaim(reader: ByteReader): Claim {
  return {
    publisher: readNodeId(reader),
    epoch: reader.u48(),
    start: readSeq(reader),
    floor: readSeq(reader),
    frontier: readSeq(reader),
  };
}

/** Nobody holds a stream from beyond its end. */
function isSound(frame: GossipFrame): boolean {
  if (frame.type === 'ack') return frame.entries.every(({ start, frontier }) => start <= frontier);
  if (frame.type !== 'extents') return true;
  return frame.streams.every(({ start, floor, frontier }) => start <= frontier && floor <= frontier);
}

/** Larger ones, which varints could hold, have no place in rows and digests. */
function readSeq(reader: ByteReader): number {
  return reader.count(SEQ_MAX);
}

function readPage<T>(reader: ByteReader, readEntry: () => T, entriesMax = PAGE_ENTRIES_MAX): T[] {
  const entries: T[] = [];
  for (let left = reader.count(entriesMax); left > 0 && !reader.isFailed; left--) entries.push(readEntry());
  return entries;
}

function writeOptional(writer: ByteWriter, value: number | undefined): void {
  // A start of 0 is a start, hence the shift.
  writer.varint(value === undefined ? 0 : value + 1);
}

function readOptional(reader: ByteReader): number | undefined {
  const shifted = reader.count(SEQ_MAX);
  return shifted === 0 ? undefined : shifted - 1;
}

function streamIdBytes(stream: StreamId): Buffer {
  return Buffer.from(stream, 'base64url');
}

function readStreamId(reader: ByteReader): StreamId {
  return reader.raw(STREAM_ID_BYTES).toString('base64url');
}

function readNodeId(reader: ByteReader): NodeId {
  return nodeIdFrom(reader.raw(NODE_ID_BYTES));
}

function readDigest(reader: ByteReader): string {
  return reader.raw(DIGEST_BYTES).toString('base64url');
}

function readKeyId(reader: ByteReader): string {
  return reader.raw(KEY_ID_BYTES).toString('base64url');
}
