/** One topic or pattern that a node wants, and since when by its own wall clock: 0 asks for all that is retained. */
export interface InterestEntry {
  readonly pattern: string;
  readonly sinceMs: number;
}

/** A node with more entries than this announces covering patterns instead. */
export const INTEREST_ENTRIES_MAX = 4_096;
