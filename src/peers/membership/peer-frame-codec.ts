import { NODE_RECORD_BYTES_MAX } from '../../crypto/node-record.js';
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import type { SignedAccusation } from './accusation.js';
import { DIGEST_BYTES, MEMBERS_MAX } from './directory.js';
import { INTEREST_SEGMENT_BYTES_MAX } from '../interest/interest-segment.js';
import type { MemberState } from './member.js';
import { NODE_ID_BYTES, nodeIdBytes, nodeIdFrom, type NodeId } from '../node-id.js';
import type { PeerFrame } from './peer-frames.js';

/** Binary form of membership frames: a type byte, then the fields in the order written here. */
const TYPES = [
  'ping',
  'ack',
  'ping-request',
  'ping-result',
  'records',
  'accusations',
  'segments',
  'known',
  'sync-page',
  'sync-request',
  'sync-told',
] as const satisfies readonly PeerFrame['type'][];

const STATES = ['alive', 'suspect', 'dead', 'left'] as const satisfies readonly MemberState[];

const SIGNATURE_BYTES = 64;
/** Whoever refutes the highest still has a number above it for the record. */
const INCARNATION_MAX = 2 ** 48 - 2;

export function encodePeerFrame(frame: PeerFrame): Buffer {
  const writer = new ByteWriter().u8(TYPES.indexOf(frame.type));
  switch (frame.type) {
    case 'ping':
      return writer.varint(frame.probe).raw(Buffer.from(frame.digest, 'base64url')).finish();
    case 'ack':
      return writer.varint(frame.probe).raw(Buffer.from(frame.digest, 'base64url')).u48(frame.wallMs).finish();
    case 'ping-request':
      return writer.varint(frame.probe).raw(nodeIdBytes(frame.target)).finish();
    case 'ping-result':
      writer
        .varint(frame.probe)
        .raw(nodeIdBytes(frame.target))
        .u8(frame.isReachable ? 1 : 0);
      return frame.wallMs === undefined ? writer.finish() : writer.u48(frame.wallMs).finish();
    case 'records':
      writer.varint(frame.items.length);
      for (const item of frame.items) writer.text(item.jws).u8(STATES.indexOf(item.state)).varint(item.stateAgeMs);
      return writer.finish();
    case 'accusations':
      writer.varint(frame.accusations.length);
      for (const accusation of frame.accusations) writeAccusation(writer, accusation);
      return writer.finish();
    case 'segments':
      writer.varint(frame.segments.length);
      for (const segment of frame.segments) writer.block(segment);
      return writer.finish();
    case 'known':
      return writer.u48(frame.epoch).varint(frame.version).finish();
    case 'sync-page':
      writeEnd(writeEnd(writer, frame.after), frame.upTo).varint(frame.entries.length);
      for (const entry of frame.entries) {
        writer.raw(nodeIdBytes(entry.id)).u48(entry.epoch).varint(entry.incarnation).u8(STATES.indexOf(entry.state));
        writer.u48(entry.interestEpoch).varint(entry.interestVersion);
      }
      return writer.finish();
    case 'sync-request':
    case 'sync-told':
      writer.varint(frame.ids.length);
      for (const id of frame.ids) writer.raw(nodeIdBytes(id));
      return writer.finish();
  }
}

/** Reads a frame that a peer sent; what it carries signed is not verified. */
export function decodePeerFrame(bytes: Uint8Array): Decoded<PeerFrame> {
  const reader = new ByteReader(bytes);
  const type = TYPES[reader.u8()];
  if (type === undefined) return refused('membership-type');
  const frame = read(type, reader);
  return reader.isComplete && frame !== undefined ? decoded(frame) : refused(`membership-${type}`);
}

function read(type: PeerFrame['type'], reader: ByteReader): PeerFrame | undefined {
  switch (type) {
    case 'ping':
      return { type, probe: reader.varint(), digest: readDigest(reader) };
    case 'ack':
      return { type, probe: reader.varint(), digest: readDigest(reader), wallMs: reader.u48() };
    case 'ping-request':
      return { type, probe: reader.varint(), target: readId(reader) };
    case 'ping-result': {
      const result = { type, probe: reader.varint(), target: readId(reader), isReachable: reader.u8() === 1 } as const;
      return reader.remaining === 0 ? result : { ...result, wallMs: reader.u48() };
    }
    case 'records': {
      const items = readList(reader, () => {
        const jws = reader.text(NODE_RECORD_BYTES_MAX);
        return { jws, state: readState(reader), stateAgeMs: reader.varint() };
      });
      return items.every(hasState) ? { type, items } : undefined;
    }
    case 'accusations':
      return { type, accusations: readList(reader, () => readAccusation(reader)) };
    case 'segments':
      return { type, segments: readList(reader, () => reader.block(INTEREST_SEGMENT_BYTES_MAX)) };
    case 'known':
      return { type, epoch: reader.u48(), version: reader.varint() };
    case 'sync-page': {
      const ends = { after: readEnd(reader), upTo: readEnd(reader) };
      const entries = readList(reader, () => {
        const subject = { id: readId(reader), epoch: reader.u48(), incarnation: reader.count(INCARNATION_MAX) };
        const state = readState(reader);
        return { ...subject, state, interestEpoch: reader.u48(), interestVersion: reader.varint() };
      });
      return entries.every(hasState) ? { type, ...ends, entries } : undefined;
    }
    case 'sync-request':
    case 'sync-told':
      return { type, ids: readList(reader, () => readId(reader)) };
  }
}

function writeAccusation(writer: ByteWriter, accusation: SignedAccusation): void {
  writer.raw(nodeIdBytes(accusation.subject)).u48(accusation.epoch).varint(accusation.incarnation);
  writer.u8(STATES.indexOf(accusation.state)).raw(nodeIdBytes(accusation.accuser)).raw(accusation.signature);
}

function readAccusation(reader: ByteReader): SignedAccusation {
  const accused = { subject: readId(reader), epoch: reader.u48(), incarnation: reader.count(INCARNATION_MAX) };
  // Anything else is read as a suspicion; the signature covers which of the two was meant.
  const state = readState(reader) === 'dead' ? 'dead' : 'suspect';
  return { ...accused, state, accuser: readId(reader), signature: reader.raw(SIGNATURE_BYTES) };
}

/** An end of a page's range: absent is the beginning or the end of all ids. */
function writeEnd(writer: ByteWriter, id: NodeId | undefined): ByteWriter {
  return writer.block(id === undefined ? Buffer.alloc(0) : nodeIdBytes(id));
}

function readEnd(reader: ByteReader): NodeId | undefined {
  const bytes = reader.block(NODE_ID_BYTES);
  return bytes.length === NODE_ID_BYTES ? nodeIdFrom(bytes) : undefined;
}

function readList<T>(reader: ByteReader, readOne: () => T): T[] {
  const items: T[] = [];
  for (let left = reader.count(MEMBERS_MAX); left > 0 && !reader.isFailed; left--) items.push(readOne());
  return items;
}

function readId(reader: ByteReader): NodeId {
  return nodeIdFrom(reader.raw(NODE_ID_BYTES));
}

function readDigest(reader: ByteReader): string {
  return reader.raw(DIGEST_BYTES).toString('base64url');
}

function readState(reader: ByteReader): MemberState | undefined {
  return STATES[reader.u8()];
}

function hasState<T extends { readonly state: MemberState | undefined }>(item: T): item is T & { state: MemberState } {
  return item.state !== undefined;
}
