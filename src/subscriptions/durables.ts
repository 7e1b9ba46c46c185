import { patternProblem } from '../topics/topic.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { decodeCursor, DURABLE_CURSOR_STREAMS_MAX, type Cursor } from './cursor.js';

/** A subscription with a name, and where its handler stands. */
export interface Durable {
  readonly pattern: string;
  readonly cursor: Cursor;
}

/** The durable subscriptions as they are kept on disk. */
export interface SavedDurables {
  readonly version: 1;
  readonly durables: readonly { readonly name: string; readonly pattern: string; readonly cursor: string }[];
}

/** The document for a data folder. */
export function savedDurables(
  durables: ReadonlyMap<string, Durable>,
  encode: (cursor: Cursor) => string,
): SavedDurables {
  const entries = [...durables].map(([name, { pattern, cursor }]) => ({ name, pattern, cursor: encode(cursor) }));
  return { version: 1, durables: entries };
}

/** Reads the document of a data folder. */
export function readSavedDurables(document: unknown): Decoded<ReadonlyMap<string, Durable>> {
  const { version, durables } = Object(document) as { version?: unknown; durables?: unknown };
  if (version !== 1 || !Array.isArray(durables)) return refused('not a document of version 1');
  const read = new Map<string, Durable>();
  for (const entry of durables as unknown[]) {
    const { name, pattern, cursor } = Object(entry) as { name?: unknown; pattern?: unknown; cursor?: unknown };
    if (typeof name !== 'string' || typeof cursor !== 'string') return refused('an entry has no name or no cursor');
    if (typeof pattern !== 'string' || patternProblem(pattern) !== undefined) return refused('a pattern is not valid');
    const position = decodeCursor(cursor, DURABLE_CURSOR_STREAMS_MAX);
    if (!position.ok) return position;
    read.set(name, { pattern, cursor: position.value });
  }
  return decoded(read);
}
