import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { CURSOR_STREAMS_MAX, decodeCursor, type Cursor } from './cursor.js';

/** Where a subscription begins: with what is published from now on, with all that is retained, or after a cursor. */
export type StartingPoint =
  | { readonly from: 'now' }
  | { readonly from: 'retained' }
  /** `isToken`: made by a node for this very pattern, so every stream that it names must be there to be recovered. */
  | { readonly from: 'cursor'; readonly cursor: Cursor; readonly isToken: boolean };

/** What is published from now on. */
export const NOW: StartingPoint = { from: 'now' };
/** All that is retained. */
export const RETAINED: StartingPoint = { from: 'retained' };

/** Since when a reader that starts there wants messages, by the wall clock and never later than now; 0 is all that is retained. */
export function sinceMsOf(point: StartingPoint, nowMs: number): number {
  if (point.from === 'now') return nowMs;
  // A client names any time in a cursor, and what is saved moves the clock at the next start.
  return point.from === 'retained' ? 0 : Math.min(point.cursor.sinceMs, nowMs);
}

/** What users may give as `after`. */
export type After = string | Readonly<Record<string, number | string>>;

/**
 * Reads `after` as users give it: nothing, `retained`, a cursor, or `{stream: seq}` as a client kept it, to which the
 * member `cursor` may add the cursor that the client began with.
 */
export function readStartingPoint(after: unknown): Decoded<StartingPoint> {
  if (after === undefined || after === null || after === '') return decoded(NOW);
  if (after === 'retained') return decoded(RETAINED);
  if (typeof after === 'string') {
    const cursor = decodeCursor(after);
    return cursor.ok ? decoded({ from: 'cursor', cursor: cursor.value, isToken: true }) : cursor;
  }
  if (typeof after !== 'object' || Array.isArray(after))
    return refused('neither "retained" nor a cursor nor {stream: seq}');
  return readPositions(after);
}

function readPositions(after: object): Decoded<StartingPoint> {
  const entries = Object.entries(after);
  if (entries.length > CURSOR_STREAMS_MAX + 1) return refused(`at most ${CURSOR_STREAMS_MAX} streams may be named`);
  let start: Cursor = { sinceMs: 0, streams: new Map() };
  const positions = new Map<string, number>();
  for (const [stream, seq] of entries) {
    if (stream === 'cursor' && typeof seq === 'string') {
      const cursor = decodeCursor(seq);
      if (!cursor.ok) return cursor;
      start = cursor.value;
    } else if (!/^[A-Za-z0-9_-]{16}$/.test(stream)) {
      return refused('a stream is named by 16 characters of base64url');
    } else if (!Number.isSafeInteger(seq) || seq < 0) {
      return refused('a seq is an integer from 0 on');
    } else {
      positions.set(stream, seq);
    }
  }
  const streams = new Map([...start.streams, ...positions]);
  return decoded({ from: 'cursor', cursor: { sinceMs: start.sinceMs, streams }, isToken: false });
}
