import type { NodeId } from './node-id.js';

/** Where peers report to; declared here, implemented above. */
export interface PeersListener {
  /** The peer is a member of the directory by now. */
  linkUp(peer: NodeId): void;
  linkDown(peer: NodeId): void;
  /** A frame that the same layer sent at the peer; a view on the record that it came in, so what is kept is better copied. */
  frame(peer: NodeId, body: Buffer): void;
  /** Members, their states or interests have changed. */
  directoryChanged(): void;
}

/** How many live nodes hold the newest version of this node's interest, itself included. */
export interface KnownCount {
  readonly by: number;
  readonly of: number;
}
