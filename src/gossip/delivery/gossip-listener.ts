import type { InterestEntry } from '../../peers/interest/interest.js';
import type { Gap, Message } from '../bundles/message.js';

/** Where opened messages go; declared here, implemented above. Must not throw. */
export interface GossipListener {
  /** Consecutive messages of one stream, each delivered once, in the stream's order; `arrival` is their bundle's place in this node's log. */
  deliver(messages: readonly Message[], arrival: number): void;
  /** Messages that this node wanted and cannot get. */
  gap(gap: Gap): void;
}

/** What this node wants, for whomever in it; declared here, implemented above. */
export interface Interest {
  isWanted(topic: string): boolean;
  /** What the cluster is to know of it. */
  entries(): readonly InterestEntry[];
}
