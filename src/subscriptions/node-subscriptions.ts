import { INTEREST_ENTRIES_MAX, type InterestEntry } from '../peers/interest/interest.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { patternProblem } from '../topics/topic.js';

/** The node's own subscriptions as they are kept on disk. */
export interface SavedSubscriptions {
  readonly version: 1;
  readonly subscriptions: readonly InterestEntry[];
}

/** The document for a data folder. */
export function savedSubscriptions(entries: Iterable<readonly [string, number]>): SavedSubscriptions {
  return { version: 1, subscriptions: [...entries].map(([pattern, sinceMs]) => ({ pattern, sinceMs })) };
}

/** Reads the document of a data folder. */
export function readSavedSubscriptions(document: unknown): Decoded<ReadonlyMap<string, number>> {
  const { version, subscriptions } = Object(document) as { version?: unknown; subscriptions?: unknown };
  if (version !== 1 || !Array.isArray(subscriptions)) return refused('not a document of version 1');
  if (subscriptions.length > INTEREST_ENTRIES_MAX) return refused(`more than ${INTEREST_ENTRIES_MAX} subscriptions`);
  const entries = new Map<string, number>();
  for (const entry of subscriptions as unknown[]) {
    const { pattern, sinceMs } = Object(entry) as { pattern?: unknown; sinceMs?: unknown };
    if (typeof pattern !== 'string' || patternProblem(pattern) !== undefined) return refused('a pattern is not valid');
    if (!Number.isSafeInteger(sinceMs) || (sinceMs as number) < 0) return refused('sinceMs is not a time');
    entries.set(pattern, sinceMs as number);
  }
  return decoded(entries);
}
