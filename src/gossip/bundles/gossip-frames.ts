/**
 * Frames that gossip sends over links. Everything but bundles is small and bounded: a page holds at most `PAGE_ENTRIES_MAX`
 * entries. How they look on the wire is `gossip-frame-codec.ts`.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { StreamId } from './stream.js';

export const PAGE_ENTRIES_MAX = 1_024;
export const DIGEST_BYTES = 8;
export const KEYS_PER_FRAME_MAX = 256;
export const ENVELOPE_BYTES_MAX = 2_048;
export const WRAPPED_KEY_BYTES_MAX = 256;
export const ENVELOPES_PER_FRAME_MAX = 16;

/** One bundle: pushed as it was published, or pulled. `start` tells a receiver new to the stream which floor to adopt. */
export interface DataFrame {
  readonly type: 'data';
  readonly isRepair: boolean;
  readonly start: number | undefined;
  readonly bundle: Buffer;
}

/** Everything in (start, frontier] of these streams came into the log of the sender, or of `node` for which it relays. */
export interface AckFrame {
  readonly type: 'ack';
  readonly node: NodeId | undefined;
  readonly entries: readonly { readonly stream: StreamId; readonly start: number; readonly frontier: number }[];
}

/** Digests over (stream id, frontier) of topics that the receiver wants and the sender holds. */
export interface SummaryFrame {
  readonly type: 'summary';
  readonly topics: readonly { readonly topic: string; readonly digest: string }[];
}

/** Asks for the extents of topics whose digest differs. */
export interface ExtentsRequestFrame {
  readonly type: 'extentsRequest';
  readonly topics: readonly string[];
}

/** What the sender holds of one stream, and where the receiver's interest in it begins as far as the sender can tell. */
export interface Claim {
  readonly publisher: NodeId;
  readonly epoch: number;
  readonly start: number;
  readonly floor: number;
  readonly frontier: number;
}

/** The sender's streams of a topic, in pages; `digest` is the one of the summary they explain. */
export interface ExtentsFrame {
  readonly type: 'extents';
  readonly topic: string;
  readonly digest: string;
  readonly isLast: boolean;
  readonly streams: readonly Claim[];
}

/** Asks for (after, to] of a stream, about `bytesMax` of it. */
export interface PullFrame {
  readonly type: 'pull';
  readonly stream: StreamId;
  readonly after: number;
  readonly to: number;
  readonly bytesMax: number;
}

/** Ends the answer to a pull: what went before reaches up to `upTo`, and the sender's floor is `floor`. */
export interface PulledFrame {
  readonly type: 'pulled';
  readonly stream: StreamId;
  readonly upTo: number;
  readonly floor: number;
  readonly isBusy: boolean;
}

/** Nodes that the sender cannot reach: will the receiver relay to them? */
export interface RelayRequestFrame {
  readonly type: 'relayRequest';
  readonly targets: readonly NodeId[];
}

/** All nodes to which the sender relays for the receiver. */
export interface RelayingFrame {
  readonly type: 'relaying';
  readonly targets: readonly NodeId[];
}

/** The sender, or `node` for which it relays, takes nothing of these streams until it asks for their topic. */
export interface DeclinedFrame {
  readonly type: 'declined';
  readonly node: NodeId | undefined;
  readonly streams: readonly StreamId[];
}

/** A publisher's signed record, ahead of its bundles. */
export interface RecordFrame {
  readonly type: 'record';
  readonly jws: string;
}

/** Asks for topic keys by their ids (base64url). */
export interface KeyRequestFrame {
  readonly type: 'keyRequest';
  readonly topic: string;
  readonly keyIds: readonly string[];
}

/** Topic keys, wrapped with the pairwise key that `envelope` (a JWE) brings, or brought before. */
export interface KeyGrantFrame {
  readonly type: 'keyGrant';
  readonly topic: string;
  readonly envelope: string | undefined;
  readonly keys: readonly { readonly keyId: string; readonly wrapped: Buffer }[];
}

/** Asks the publisher for topic keys by way of a node that has links to both. */
export interface RelayedKeyRequestFrame {
  readonly type: 'relayedKeyRequest';
  readonly reader: NodeId;
  readonly publisher: NodeId;
  readonly topic: string;
  readonly keyIds: readonly string[];
}

/** Topic keys for `reader`, each in an envelope (a JWE) that it alone can open. */
export interface RelayedKeyGrantFrame {
  readonly type: 'relayedKeyGrant';
  readonly reader: NodeId;
  readonly topic: string;
  readonly keys: readonly { readonly keyId: string; readonly envelope: string }[];
}

/** Frames that the core handles itself. */
export type CoreFrame =
  | AckFrame
  | SummaryFrame
  | ExtentsRequestFrame
  | ExtentsFrame
  | PullFrame
  | PulledFrame
  | RelayRequestFrame
  | RelayingFrame
  | DeclinedFrame;

export type GossipFrame =
  DataFrame | CoreFrame | RecordFrame | KeyRequestFrame | KeyGrantFrame | RelayedKeyRequestFrame | RelayedKeyGrantFrame;

/** The version of a link from which on a frame of this type may go over it. */
export function sinceVersion(type: GossipFrame['type']): number {
  return type === 'declined' || type === 'relayedKeyRequest' || type === 'relayedKeyGrant' ? 2 : 1;
}
