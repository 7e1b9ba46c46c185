import type { NodeRecord } from '../../crypto/node-record.js';
import type { NodeId } from '../node-id.js';

/** SWIM's states; `alive` and `suspect` are live, `dead` and `left` are remembered for a day. */
export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** A node of the cluster as it is known here, with what it last said of itself. */
export interface Member {
  readonly id: NodeId;
  readonly name: string;
  readonly url: string;
  readonly epoch: number;
  readonly incarnation: number;
  readonly state: MemberState;
  readonly record: NodeRecord;
  /** The record as it was signed. */
  readonly recordJws: string;
}

/** Which statement about a node is newer: a new life beats every incarnation of the one before. */
export interface Freshness {
  readonly epoch: number;
  readonly incarnation: number;
}

/** Below 0 when `a` is older than `b`, 0 when they are the same, above 0 when it is newer. */
export function compareFreshness(a: Freshness, b: Freshness): number {
  return a.epoch - b.epoch || a.incarnation - b.incarnation;
}

export function isLiveState(state: MemberState): boolean {
  return state === 'alive' || state === 'suspect';
}
