import type { NodeRecord } from '../../crypto/node-record.js';
import type { DialKind } from './dialer.js';
import type { NodeId } from '../node-id.js';

/** What a frame competes with: control first, then live data, then repair. */
export type Lane = 'control' | 'data' | 'repair';

/** Largest frame a link carries, in bytes before sealing. */
export const FRAME_BYTES_MAX = 512 * 1024;

/** Why a link was closed, as it is counted and told to the other side. */
export type LinkCloseReason =
  | 'transport' // the socket went away
  | 'shutdown' // this node drains
  | 'replaced' // a second link to the same peer won
  | 'self' // dialled ourselves
  | 'bad-hello' // not a hello
  | 'no-common-version' // every version of the protocol that one side speaks is unknown to the other
  | 'wrong-secret' // the hello was not made with our cluster secret
  | 'wrong-cluster' // another CLUSTER_NAME
  | 'bad-record' // node record refused: signature, admission, size
  | 'bad-signature' // the transcript was not signed by the record's key
  | 'bad-frame' // a frame that could not be opened or decoded
  | 'handshake-timeout'
  | 'too-many-handshakes'
  | 'overflow' // the peer does not read; its outbox reached the bound
  | 'stuck' // the link is open, but the other side has read nothing for a while
  | 'stale' // membership asked for it
  | 'quarantined'; // the peer misbehaved and is shut out for a while

/** An admitted peer at the other end of an authenticated, encrypted link. */
export interface LinkPeer {
  readonly id: NodeId;
  readonly record: NodeRecord;
  /** The record as it was signed. */
  readonly recordJws: string;
}

/**
 * Authenticated, encrypted, ordered links to peers; at most one a peer. Implementations: Socket.IO and, for tests, in memory;
 * one conformance suite runs against both.
 */
export interface Links {
  /** Dials `url`, at once unless `rarely`, and keeps re-dialling it with backoff and jitter until `forget`. Idempotent. */
  keep(url: string, how?: DialKind): void;
  forget(url: string): void;
  /** Queues a frame behind those of its lane, put together from its parts. False when there is no link, or the lane is at its bound. */
  send(peer: NodeId, lane: Lane, ...parts: readonly Uint8Array[]): boolean;
  close(peer: NodeId, reason: LinkCloseReason): void;
  linked(): readonly NodeId[];
  /** The version of the protocol that both ends of the link speak; undefined without a link. */
  versionOf(peer: NodeId): number | undefined;
  /** Bytes that were sent to this peer and that the socket has not taken yet. */
  bufferedBytes(peer: NodeId): number;
  /** When anything came over the link last, by the monotonic clock; undefined without a link. */
  heardMs(peer: NodeId): number | undefined;
}

/** Where links report to; declared here, implemented above. */
export interface LinkListener {
  linkUp(peer: LinkPeer): void;
  linkDown(peer: NodeId, reason: LinkCloseReason): void;
  frame(peer: NodeId, frame: Buffer): void;
}
