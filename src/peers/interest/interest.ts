/** One topic or pattern that a node wants, and since when by its own wall clock: 0 asks for all that is retained. */
export interface InterestEntry {
  readonly pattern: string;
  readonly sinceMs: number;
}

/** A node with more entries than this announces covering patterns instead. */
export const INTEREST_ENTRIES_MAX = 4_096;

/** Tokens of all patterns of a node together, eight for each of the most patterns; each costs the others some hundred bytes. */
export const INTEREST_LEVELS_MAX = 32_768;

export function levelsOf(entries: readonly { readonly pattern: string }[]): number {
  return entries.reduce((levels, { pattern }) => levels + pattern.split('.').length, 0);
}
