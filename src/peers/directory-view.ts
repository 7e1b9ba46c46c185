import type { Member } from './membership/member.js';
import type { NodeId } from './node-id.js';

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
  /** Topic or pattern → live nodes that want it, both in order. */
  rows(): ReadonlyMap<string, readonly NodeId[]>;
  /** 8 bytes as base64url over members and interests; equal at nodes that agree. */
  digest(): string;
}
