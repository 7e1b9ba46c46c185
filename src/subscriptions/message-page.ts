import type { Gap, Message, OpenedBundle } from '../gossip/bundles/message.js';
import type { Stream, StreamId } from '../gossip/bundles/stream.js';
import { encodeCursor, type ArrivalMark } from './cursor.js';
import type { Has } from './repeat-filter.js';
import type { StartingPoint } from './starting-point.js';

/** Payload bytes of a page, unless its first message alone has more. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024;

/** A page of retained messages in this node's order of arrival. */
export interface MessagePage {
  readonly items: readonly Message[];
  /** What lies between them and cannot be opened here, as its key is missing. */
  readonly gaps: readonly Gap[];
  /** A cursor, good for the next page and at any later time. */
  readonly next: string;
}

/** The log of one topic in order of arrival, a part at a time. */
export interface ArrivalLog {
  /** Names the store whose arrivals are read. */
  readonly store: string;
  /** Some bundles from `fromArrival` on; empty when there is none. */
  read(fromArrival: number): readonly OpenedBundle[];
  /**
   * The first bundle from `fromArrival` on that is not old, or how far it looked when all were; undefined when there is none. Opens
   * none of them.
   */
  passOld(
    fromArrival: number,
    isOld: (stream: StreamId, lastSeq: number) => boolean,
  ): { readonly arrival: number; readonly isPassed: boolean } | undefined;
  /** The arrival of the bundle that holds a message; undefined when it is not here. */
  arrivalOf(stream: StreamId, seq: number): number | undefined;
  /** Where a stream begins that the cursor does not name. */
  startOf(stream: StreamId, sinceMs: number): number;
}

/** Which page is read. */
export interface PageRequest {
  readonly point: StartingPoint;
  readonly limit: number;
  readonly isUnwanted: (message: Message, has: Has) => boolean;
  /** Whether a key that is asked for is still waited for, which must have an end. */
  readonly isPatient: () => boolean;
}

/** After a step: others may have their turn, or a key is to be waited for. */
export type PageStep = 'turn' | 'key';

/**
 * Reads a page, a part at each step. A cursor made here goes on at its mark in the order of arrival; one made elsewhere passes over
 * what the reader has of each stream. A page ends before a bundle whose key is awaited; one that would begin with it waits.
 */
export function* readPage(log: ArrivalLog, request: PageRequest): Generator<PageStep, MessagePage> {
  const { point, limit, isUnwanted, isPatient } = request;
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
      yield 'turn';
    }
  }
  // Bundles may have arrived in another order than that of their stream.
  const has: Has = (stream, seq) => {
    const arrival = log.arrivalOf(stream, seq);
    if (arrival === undefined) return (streams.get(stream) ?? 0) >= seq;
    if (begin === undefined && isOldOf(stream, seq)) return true;
    return arrival < mark.arrival || (arrival === mark.arrival && seq <= mark.seq);
  };
  const items: Message[] = [];
  const gaps: Gap[] = [];
  let bytes = 0;
  const page = (): MessagePage => ({ items, gaps, next: encodeCursor({ sinceMs: cursor.sinceMs, streams, mark }) });
  const isFullFor = (more: number): boolean =>
    items.length + gaps.length >= limit || (items.length > 0 && bytes + more > PAGE_BYTES_MAX);
  for (let part = log.read(mark.arrival), isWaiting = false; part.length > 0;) {
    for (const place of placesOf(part)) {
      const { stream, seq, arrival, message, gap } = place;
      const isPassed = isOld(place, arrival);
      isWaiting = !isPassed && place.isAwaited && isPatient();
      if (isWaiting) break;
      if (isFullFor(message?.payload.length ?? 0)) return page();
      mark = { store, arrival, seq };
      if (isPassed) continue;
      streams.delete(stream.id);
      streams.set(stream.id, Math.max(seq, cursor.streams.get(stream.id) ?? 0));
      if (gap !== undefined) gaps.push(gap);
      if (message === undefined || isUnwanted(message, has)) continue;
      items.push(message);
      bytes += message.payload.length;
    }
    if (items.length + gaps.length >= (isWaiting ? 1 : limit)) break;
    yield isWaiting ? 'key' : 'turn';
    part = log.read(isWaiting ? mark.arrival : part.at(-1)!.arrival + 1);
  }
  return page();
}

/** A message, or what is missing in its place. */
interface Place {
  readonly stream: Stream;
  readonly seq: number;
  readonly arrival: number;
  readonly message?: Message;
  readonly gap?: Gap;
  readonly isAwaited: boolean;
}

function* placesOf(bundles: readonly OpenedBundle[]): Generator<Place> {
  for (const { stream, firstSeq, lastSeq, arrival, opened } of bundles) {
    if (typeof opened === 'string') {
      const gap: Gap = { stream, from: firstSeq, to: lastSeq, reason: 'key' };
      yield { stream, seq: lastSeq, arrival, gap, isAwaited: opened === 'awaited' };
    } else {
      for (const message of opened) yield { stream, seq: message.seq, arrival, message, isAwaited: false };
    }
  }
}

type IsOld = (place: { readonly stream: Stream; readonly seq: number }, arrival: number) => boolean;

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
