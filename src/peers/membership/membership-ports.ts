import type { NodeRecord } from '../../crypto/node-record.js';
import type { Schedule, TimerExpired } from '../../runtime/core.js';
import type { Accusation, SignedAccusation } from './accusation.js';
import type { SignedInterestSegment } from '../interest/interest-segment.js';
import type { LinkPeer } from '../links/links.js';
import type { MemberState } from './member.js';
import type { NodeId } from '../node-id.js';
import type { PeerFrame, PlainPeerFrame, RecordItem } from './peer-frames.js';

/**
 * What the membership core takes in. `record`, `accusation` and `segment` carry signed statements: the driver verifies
 * them first (the record with its own key and the admission rules, the accusation with the accuser's key, the segment with the
 * subject's) and keeps the order in which a peer sent them, as keys come with records. Own statements come in by the same
 * door with `from` = self, once signed.
 */
export type MembershipInput =
  | { readonly type: 'start' }
  | { readonly type: 'linkUp'; readonly peer: LinkPeer }
  | { readonly type: 'linkDown'; readonly peer: NodeId }
  /** `wallMs` is this node's wall clock. */
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: PlainPeerFrame; readonly wallMs: number }
  /** Without `seen` the record came from its subject. */
  | {
      readonly type: 'record';
      readonly from: NodeId;
      readonly record: NodeRecord;
      readonly jws: string;
      readonly seen?: Pick<RecordItem, 'state' | 'stateAgeMs'>;
    }
  | { readonly type: 'accusation'; readonly from: NodeId; readonly accusation: SignedAccusation }
  | { readonly type: 'segment'; readonly from: NodeId; readonly segment: SignedInterestSegment }
  /** A peer passed on a statement by or about a node whose record is not known here. */
  | { readonly type: 'stranger'; readonly from: NodeId; readonly id: NodeId }
  | { readonly type: 'leave' };

export type MembershipOutput =
  /** The same frame to each of these linked peers, in the control lane. */
  | { readonly type: 'send'; readonly peers: readonly NodeId[]; readonly frame: PeerFrame }
  /** To be signed and handed back as an `accusation` input. */
  | { readonly type: 'accuse'; readonly accusation: Accusation }
  /** A record with these values is to be signed and handed back as a `record` input. */
  | { readonly type: 'incarnate'; readonly incarnation: number; readonly status: 'alive' | 'left' }
  /** The link's peer was declared dead; or the link is open but stuck if nothing at all came over it since `silentSinceMs`. */
  | { readonly type: 'close'; readonly peer: NodeId; readonly reason: 'stale'; readonly silentSinceMs?: number }
  | {
      readonly type: 'memberChanged';
      readonly id: NodeId;
      readonly from: MemberState | undefined;
      readonly to: MemberState;
    }
  | { readonly type: 'memberForgotten'; readonly id: NodeId }
  | { readonly type: 'interestChanged'; readonly id: NodeId }
  /** How many live nodes hold the own interest's newest version may have changed. */
  | { readonly type: 'knownChanged' }
  /** Round trip of a direct probe; the peer's wall clock minus this node's. */
  | { readonly type: 'measured'; readonly peer: NodeId; readonly rttMs: number; readonly clockOffsetMs: number }
  /** What a helper told of the clock of a member without a link: its wall clock minus this node's. */
  | { readonly type: 'clockHeard'; readonly id: NodeId; readonly clockOffsetMs: number }
  /** For the first time on this link both directories were equal. */
  | { readonly type: 'synced'; readonly peer: NodeId }
  /** Another process speaks with this node's key, in a later life. */
  | { readonly type: 'clashed'; readonly epoch: number }
  /** The leave was announced, and acknowledged by all linked peers or not in time. */
  | { readonly type: 'departed' };

/** Each carries when it was due, so that a timer that comes late tells of a stalled event loop. */
export type MembershipTimer =
  | { readonly kind: 'period' | 'beat'; readonly dueMs: number }
  | { readonly kind: 'probe-timeout' | 'probe-over'; readonly dueMs: number; readonly probe: number }
  | { readonly kind: 'help-over'; readonly dueMs: number; readonly probe: number }
  | { readonly kind: 'link-grace' | 'suspicion' | 'forget'; readonly dueMs: number; readonly id: NodeId }
  | { readonly kind: 'leave-over'; readonly dueMs: number };

export type MembershipCoreInput = MembershipInput | TimerExpired<MembershipTimer>;
export type MembershipCoreOutput = MembershipOutput | Schedule<MembershipTimer>;
