/**
 * Where a reader stands: per stream the last seq it has, in one token that every node understands. A stream that
 * the cursor does not name counts from `sinceMs` on, so leaving one out may repeat messages and never skips any.
 */
import { ByteReader } from '../wire/byte-reader.js';
import { ByteWriter } from '../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { STREAM_ID_BYTES, type StreamId } from '../gossip/bundles/stream.js';

/** A cursor for clients names at most so many streams; the ones that moved last stay. */
export const CURSOR_STREAMS_MAX = 128;

/** A cursor that this node keeps for itself may name more. */
export const DURABLE_CURSOR_STREAMS_MAX = 4_096;

const FORMAT = 1;
const STORE_ID_BYTES = 6;
const ENTRY_BYTES_MAX = STREAM_ID_BYTES + 8;
const FIXED_BYTES_MAX = 1 + 6 + 8 + 1 + STORE_ID_BYTES + 8 + 8;

/** A place in one node's order of arrival: everything before it, and the bundle at `arrival` up to `seq`. */
export interface ArrivalMark {
  /** Names the store whose arrivals are meant, 6 bytes as base64url. */
  readonly store: string;
  readonly arrival: number;
  readonly seq: number;
}

/** What a reader has. */
export interface Cursor {
  /** When it began to read, by the wall clock of the node that it read at; 0 asks for all that is retained. */
  readonly sinceMs: number;
  /** Last seq by stream, those that moved last at the end. */
  readonly streams: ReadonlyMap<StreamId, number>;
  readonly mark?: ArrivalMark;
}

/** The token of a cursor: base64url, about 20 bytes a stream. */
export function encodeCursor(cursor: Cursor, streamsMax = CURSOR_STREAMS_MAX): string {
  const surplus = Math.max(0, cursor.streams.size - streamsMax);
  const writer = new ByteWriter(FIXED_BYTES_MAX + (cursor.streams.size - surplus) * ENTRY_BYTES_MAX);
  writer
    .u8(FORMAT)
    .u48(cursor.sinceMs)
    .varint(cursor.streams.size - surplus);
  let skipped = 0;
  for (const [stream, seq] of cursor.streams) {
    if (skipped++ < surplus) continue;
    writer.raw(Buffer.from(stream, 'base64url')).varint(seq);
  }
  if (cursor.mark === undefined) return writer.u8(0).finish().toString('base64url');
  const { store, arrival, seq } = cursor.mark;
  return writer.u8(1).raw(Buffer.from(store, 'base64url')).varint(arrival).varint(seq).finish().toString('base64url');
}

/** Reads a token as clients send it. */
export function decodeCursor(token: string, streamsMax = CURSOR_STREAMS_MAX): Decoded<Cursor> {
  const bytesMax = FIXED_BYTES_MAX + streamsMax * ENTRY_BYTES_MAX;
  if (token.length > Math.ceil((bytesMax * 4) / 3)) return refused('a cursor is not that long');
  if (!/^[A-Za-z0-9_-]+$/.test(token)) return refused('a cursor consists of base64url characters');
  const reader = new ByteReader(Buffer.from(token, 'base64url'));
  if (reader.u8() !== FORMAT) return refused('a cursor of another version, or none at all');
  const sinceMs = reader.u48();
  const streams = new Map<StreamId, number>();
  for (let left = reader.count(streamsMax); left > 0; left--) {
    const stream = reader.raw(STREAM_ID_BYTES).toString('base64url');
    streams.set(stream, reader.varint());
  }
  const mark = reader.u8() === 1 ? readMark(reader) : undefined;
  if (!reader.isComplete) return refused('a cursor that is cut short or damaged');
  return decoded(mark === undefined ? { sinceMs, streams } : { sinceMs, streams, mark });
}

function readMark(reader: ByteReader): ArrivalMark {
  return { store: reader.raw(STORE_ID_BYTES).toString('base64url'), arrival: reader.varint(), seq: reader.varint() };
}
