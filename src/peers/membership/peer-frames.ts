import type { SignedAccusation } from './accusation.js';
import type { Freshness, MemberState } from './member.js';
import type { NodeId } from '../node-id.js';

/** Frames that carry many entries are cut at this size; one entry alone may be larger (an interest segment). */
export const PAGE_BYTES_MAX = 64 * 1024;

/** Asks for an `ack`; `digest` is the sender's directory digest. */
export interface Ping {
  readonly type: 'ping';
  readonly probe: number;
  readonly digest: string;
}

/** Answers a ping; `wallMs` is the answering node's wall clock. */
export interface Ack {
  readonly type: 'ack';
  readonly probe: number;
  readonly digest: string;
  readonly wallMs: number;
}

/** Asks a peer to probe `target` in the sender's stead. */
export interface PingRequest {
  readonly type: 'ping-request';
  readonly probe: number;
  readonly target: NodeId;
}

/** Answers a ping request; `isReachable: false` (Lifeguard's nack) comes also when there is no link to the target. */
export interface PingResult {
  readonly type: 'ping-result';
  readonly probe: number;
  readonly target: NodeId;
  readonly isReachable: boolean;
  /** The target's wall clock when it answered; absent when it did not, and below version 2 of the protocol. */
  readonly wallMs?: number;
}

/** A signed record, and how the sender sees its subject since when: a newcomer learns the dead as dead. */
export interface RecordItem {
  readonly jws: string;
  readonly state: MemberState;
  /** How long the sender has seen it in this state, in ms. */
  readonly stateAgeMs: number;
}

/** Each JWS must be verified before it goes into the membership core. */
export interface Records {
  readonly type: 'records';
  readonly items: readonly RecordItem[];
}

/** Each must be verified with its accuser's key before it goes into the membership core. */
export interface Accusations {
  readonly type: 'accusations';
  readonly accusations: readonly SignedAccusation[];
}

/** Encoded `SignedInterestSegment`s; each must be verified with its subject's key before it goes into the membership core. */
export interface Segments {
  readonly type: 'segments';
  readonly segments: readonly Buffer[];
}

/** The receiver's own interest as the sender holds it. */
export interface Known {
  readonly type: 'known';
  readonly epoch: number;
  readonly version: number;
}

/** How fresh the sender's knowledge of one node is. */
export interface SyncEntry extends Freshness {
  readonly id: NodeId;
  readonly state: MemberState;
  readonly interestEpoch: number;
  readonly interestVersion: number;
}

/**
 * How fresh the sender's knowledge is of all ids after `after` up to `upTo` (undefined: to the end). The receiver sends or offers
 * what is fresher with it in that range, and requests what is fresher with the sender. An offer is a page of an empty range.
 */
export interface SyncPage {
  readonly type: 'sync-page';
  readonly after: NodeId | undefined;
  readonly upTo: NodeId | undefined;
  readonly entries: readonly SyncEntry[];
}

/** Asks for all that the receiver knows of these nodes; of as many, from the first on, as fit one answer. */
export interface SyncRequest {
  readonly type: 'sync-request';
  readonly ids: readonly NodeId[];
}

/** Ends the answer to a request: before it came all that the sender knows of these nodes. */
export interface SyncTold {
  readonly type: 'sync-told';
  readonly ids: readonly NodeId[];
}

/** What the membership channel of a link carries. */
export type PeerFrame =
  Ping | Ack | PingRequest | PingResult | Records | Accusations | Segments | Known | SyncPage | SyncRequest | SyncTold;

/** Frames without signed parts: the link's authentication suffices, they go into the membership core as they are. */
export type PlainPeerFrame = Exclude<PeerFrame, Records | Accusations | Segments>;
