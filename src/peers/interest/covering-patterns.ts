import { INTEREST_ENTRIES_MAX, INTEREST_LEVELS_MAX, type InterestEntry, levelsOf } from './interest.js';

/** Bytes of patterns above which an interest is announced more coarsely; leaves room in a segment for the rest. */
const PATTERN_BYTES_MAX = 192 * 1024;

/**
 * The same entries, one for each pattern with its earliest `sinceMs`; or, when they are too many or too long, fewer patterns
 * that together match at least the same topics: all below a prefix becomes `prefix.>`, with ever shorter prefixes.
 */
export function coveringEntries(entries: readonly InterestEntry[]): readonly InterestEntry[] {
  let covering = merged(entries);
  for (let levels = deepest(covering) - 1; isOver(covering) && levels > 0; levels--) {
    covering = merged(covering.flatMap((entry) => shortened(entry, levels)));
  }
  return isOver(covering) ? merged(covering.map(({ sinceMs }) => ({ pattern: '>', sinceMs }))) : covering;
}

/** What has no more than `levels` tokens stays as it is: `prefix.>` does not match the prefix itself. */
function shortened(entry: InterestEntry, levels: number): InterestEntry[] {
  const tokens = entry.pattern.split('.');
  if (tokens.length <= levels) return [entry];
  return [{ pattern: [...tokens.slice(0, levels), '>'].join('.'), sinceMs: entry.sinceMs }];
}

function merged(entries: readonly InterestEntry[]): readonly InterestEntry[] {
  const earliest = new Map<string, number>();
  for (const { pattern, sinceMs } of entries) {
    earliest.set(pattern, Math.min(sinceMs, earliest.get(pattern) ?? Number.POSITIVE_INFINITY));
  }
  return [...earliest].map(([pattern, sinceMs]) => ({ pattern, sinceMs }));
}

function isOver(entries: readonly InterestEntry[]): boolean {
  if (entries.length > INTEREST_ENTRIES_MAX || levelsOf(entries) > INTEREST_LEVELS_MAX) return true;
  return entries.reduce((bytes, entry) => bytes + Buffer.byteLength(entry.pattern) + 8, 0) > PATTERN_BYTES_MAX;
}

function deepest(entries: readonly InterestEntry[]): number {
  return entries.reduce((levels, entry) => Math.max(levels, entry.pattern.split('.').length), 0);
}
