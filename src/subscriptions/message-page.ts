import type { LoggedMessage, Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import { encodeCursor, type ArrivalMark } from './cursor.js';
import type { StartingPoint } from './starting-point.js';

/** Payload bytes of a page, unless its first message alone has more. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024;

/** A page of retained messages in this node's order of arrival. */
export interface MessagePage {
  readonly items: readonly Message[];
  /** A cursor, good for the next page and at any later time. */
  readonly next: string;
}

/** The log of one topic in order of arrival, a part at a time. */
export interface ArrivalLog {
  /** Names the store whose arrivals are read. */
  readonly store: string;
  /** Messages of whole bundles from `fromArrival` on, and the last of these bundles; undefined when there is none. */
  read(fromArrival: number): { readonly messages: readonly LoggedMessage[]; readonly lastArrival: number } | undefined;
  /**
   * The first bundle from `fromArrival` on that is not old, or how far it looked when all were; undefined when there is none. Opens
   * none of them.
   */
  passOld(
    fromArrival: number,
    isOld: (stream: StreamId, lastSeq: number) => boolean,
  ): { readonly arrival: number; readonly isPassed: boolean } | undefined;
  /** Where a stream begins that the cursor does not name. */
  startOf(stream: StreamId, sinceMs: number): number;
}

/** Which page is read. */
export interface PageRequest {
  readonly point: StartingPoint;
  readonly limit: number;
  readonly isUnwanted: (message: Message) => boolean;
}

/**
 * Reads a page, a part at each step. A cursor made here goes on at its mark in the order of arrival; one made elsewhere passes over
 * what the reader has of each stream.
 */
export function* readPage(log: ArrivalLog, { point, limit, isUnwanted }: PageRequest): Generator<void, MessagePage> {
  const { store } = log;
  const cursor = point.from === 'cursor' ? point.cursor : { sinceMs: 0, streams: new Map<StreamId, number>() };
  const begin = cursor.mark?.store === store ? cursor.mark : undefined;
  const isOldOf = oldByStream(cursor.streams, cursor.sinceMs, log);
  const isOld: IsOld = begin === undefined ? ({ stream, seq }) => isOldOf(stream.id, seq) : oldByMark(begin);
  const streams = new Map(cursor.streams);
  let mark: ArrivalMark = begin ?? { store, arrival: 0, seq: 0 };
  if (begin === undefined) {
    for (let seen = log.passOld(0, isOldOf); seen !== undefined; seen = log.passOld(mark.arrival, isOldOf)) {
      mark = { store, arrival: seen.isPassed ? seen.arrival + 1 : seen.arrival, seq: 0 };
      if (!seen.isPassed) break;
      yield;
    }
  }
  const items: Message[] = [];
  let bytes = 0;
  for (let part = log.read(mark.arrival); part !== undefined; part = log.read(part.lastArrival + 1)) {
    for (const { message, arrival } of part.messages) {
      const { stream, seq, payload } = message;
      const isFull = items.length >= limit || (items.length > 0 && bytes + payload.length > PAGE_BYTES_MAX);
      if (isFull) return { items, next: encodeCursor({ sinceMs: cursor.sinceMs, streams, mark }) };
      mark = { store, arrival, seq };
      if (isOld(message, arrival)) continue;
      streams.delete(stream.id);
      streams.set(stream.id, Math.max(seq, cursor.streams.get(stream.id) ?? 0));
      if (isUnwanted(message)) continue;
      items.push(message);
      bytes += payload.length;
    }
    if (items.length >= limit) break;
    yield;
  }
  return { items, next: encodeCursor({ sinceMs: cursor.sinceMs, streams, mark }) };
}

type IsOld = (message: Message, arrival: number) => boolean;

function oldByMark(mark: ArrivalMark): IsOld {
  return ({ seq }, arrival) => arrival === mark.arrival && seq <= mark.seq;
}

function oldByStream(
  named: ReadonlyMap<StreamId, number>,
  sinceMs: number,
  log: ArrivalLog,
): (stream: StreamId, seq: number) => boolean {
  const known = new Map(named);
  return (stream, seq) => {
    let last = known.get(stream);
    if (last === undefined) {
      last = sinceMs === 0 ? 0 : log.startOf(stream, sinceMs);
      known.set(stream, last);
    }
    return seq <= last;
  };
}
