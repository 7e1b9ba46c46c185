import type { LoggedMessage, Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import { encodeCursor, type ArrivalMark } from './cursor.js';
import type { StartingPoint } from './starting-point.js';

/** A page of retained messages in this node's order of arrival. */
export interface MessagePage {
  readonly items: readonly Message[];
  /** A cursor, good for the next page and at any later time. */
  readonly next: string;
}

/** Which page is read, of what. */
export interface PageRequest {
  readonly point: StartingPoint;
  readonly limit: number;
  /** Names the store whose arrivals are read. */
  readonly store: string;
  /** Messages from `fromArrival` on in order of arrival, whole bundles, at least one if there is any. */
  readonly read: (fromArrival: number) => readonly LoggedMessage[];
  readonly isUnwanted: (message: Message) => boolean;
  /** Where a stream begins that the cursor does not name. */
  readonly startOf: (stream: StreamId, sinceMs: number) => number;
}

/**
 * Reads a page. A cursor made here goes on at its mark in the order of arrival; one made elsewhere passes over what the
 * reader has of each stream.
 */
export function readPage(request: PageRequest): MessagePage {
  const { point, limit, store, read } = request;
  const cursor = point.from === 'cursor' ? point.cursor : { sinceMs: 0, streams: new Map<StreamId, number>() };
  const begin = cursor.mark?.store === store ? cursor.mark : undefined;
  const known = new Map(cursor.streams);
  const isOld = begin === undefined ? oldByStream(known, cursor.sinceMs, request) : oldByMark(begin);
  const streams = new Map(cursor.streams);
  let mark: ArrivalMark = begin ?? { store, arrival: 0, seq: 0 };
  const items: Message[] = [];
  for (let batch = read(mark.arrival); items.length < limit; batch = read(mark.arrival + 1)) {
    for (const { message, arrival } of batch) {
      const { stream, seq } = message;
      if (items.length >= limit) break;
      mark = { store, arrival, seq };
      if (isOld(message, arrival)) continue;
      streams.delete(stream.id);
      streams.set(stream.id, Math.max(seq, cursor.streams.get(stream.id) ?? 0));
      if (!request.isUnwanted(message)) items.push(message);
    }
    if (batch.length === 0) break;
  }
  return { items, next: encodeCursor({ sinceMs: cursor.sinceMs, streams, mark }) };
}

type IsOld = (message: Message, arrival: number) => boolean;

function oldByMark(mark: ArrivalMark): IsOld {
  return ({ seq }, arrival) => arrival === mark.arrival && seq <= mark.seq;
}

function oldByStream(known: Map<StreamId, number>, sinceMs: number, { startOf }: PageRequest): IsOld {
  return ({ stream, seq }) => {
    let last = known.get(stream.id);
    if (last === undefined) {
      last = sinceMs === 0 ? 0 : startOf(stream.id, sinceMs);
      known.set(stream.id, last);
    }
    return seq <= last;
  };
}
