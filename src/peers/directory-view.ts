import type { InterestVersion } from './interest/interest-table.js';
import type { Member } from './membership/member.js';
import type { NodeId } from './node-id.js';

/** A topic or pattern, and the live nodes that want it in order of id; at least one. */
export interface Row {
  readonly pattern: string;
  readonly nodes: readonly NodeId[];
}

/** Which rows, by code unit; what is left out costs next to nothing. */
export interface RowsQuery {
  readonly after: string;
  readonly limit: number;
  readonly isShown: (pattern: string) => boolean;
  /** Whether the interest of a node counts; all do where it is left out. */
  readonly counts?: (id: NodeId, pattern: string) => boolean;
}

/** What upper layers may ask the directory of members and interests; answers are local and at once. */
export interface DirectoryView {
  member(id: NodeId): Member | undefined;
  /** All that are remembered, this node included, in order of id. */
  members(): readonly Member[];
  /** Alive or suspect. */
  isLive(id: NodeId): boolean;
  /** Live nodes that want `topic`, this node included, in order of id; the array stays the same until something changes. */
  interested(topic: string): readonly NodeId[];
  /** Since when, by its own wall clock, this node wants `topic` (0: all that is retained), or undefined when it does not. */
  interestSince(id: NodeId, topic: string): number | undefined;
  /** Live nodes with an interest in exactly this topic or pattern, in order of id. */
  naming(pattern: string): readonly NodeId[];
  /** A page of the topics and patterns that live nodes want, in order. */
  rows(query: RowsQuery): readonly Row[];
  /** What a node wants, as it was announced. */
  patterns(id: NodeId): Iterable<string>;
  /** Changes whenever what a node wants does. */
  interestVersion(id: NodeId): InterestVersion | undefined;
  /** 8 bytes as base64url over members and interests; equal at nodes that agree. */
  digest(): string;
}
