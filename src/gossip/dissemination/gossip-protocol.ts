/**
 * What goes into the gossip core and what comes out: the contract between the pure core and the driver around it. `B` is
 * whatever the driver carries as a bundle; the core looks only at its place in its stream and its size.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { Lane } from '../../peers/links/links.js';
import type { Schedule, TimerExpired } from '../../runtime/core.js';
import type { StreamExtent } from '../store/bundle-store.js';
import type { CoreFrame } from '../bundles/gossip-frames.js';
import type { AckLevel, Gap } from '../bundles/message.js';
import type { Stream, StreamId } from '../bundles/stream.js';

/** What the core sees of a bundle. */
export interface BundlePlace {
  readonly stream: Stream;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly byteLength: number;
}

/** What the core asks for, of the log and of the peers' clocks. */
export interface GossipWorld {
  /**
   * The last seq of the stream that was received before `wallMs` of the local clock; 0 when none that is held was, as the log's floor may
   * lag behind the core's.
   */
  seqBefore(stream: StreamId, wallMs: number): number;
  /** A peer's wall clock reading as a reading of the local one, erring to the early side; undefined until its clock was measured. */
  localTimeOf(peer: NodeId, theirWallMs: number): number | undefined;
}

/** `round`: tell and ask what others hold; `tick`: look after what waits. */
export type GossipTimer = 'round' | 'tick';

export type GossipInput<B extends BundlePlace> =
  /** Once, before anything else: what the log held at start. */
  | { readonly type: 'restored'; readonly extents: readonly StreamExtent[] }
  | { readonly type: 'linkUp'; readonly peer: NodeId }
  | { readonly type: 'linkDown'; readonly peer: NodeId }
  | { readonly type: 'directoryChanged' }
  /** The next bundle of an own stream, sealed and signed. */
  | { readonly type: 'published'; readonly bundle: B }
  /** A verified bundle of a data frame. */
  | {
      readonly type: 'received';
      readonly peer: NodeId;
      readonly bundle: B;
      readonly start: number | undefined;
      readonly isRepair: boolean;
    }
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: CoreFrame }
  /** Released bundles are in the log for good; several streams at once as the store commits them. */
  | {
      readonly type: 'logged';
      readonly entries: readonly { readonly stream: StreamId; readonly lastSeq: number }[];
    }
  /** A released bundle, or history, could not be logged: the log has the stream up to `frontier`, or does not know it. */
  | { readonly type: 'unlogged'; readonly stream: StreamId; readonly frontier: number | undefined }
  /** An `extent` or a `forget` of the stream could not be saved: the log has it as it was before. */
  | { readonly type: 'unsaved'; readonly stream: Stream }
  /** A bundle of the stream came whose publisher may not publish it, or is shut out. */
  | { readonly type: 'refused'; readonly stream: StreamId }
  /** Retention dropped everything of the stream up to `floor`. */
  | { readonly type: 'floorMoved'; readonly stream: StreamId; readonly floor: number }
  /** Nothing is left of an own stream, and nothing is to be published in it for now: it need not be remembered. */
  | { readonly type: 'retired'; readonly stream: StreamId }
  /** History that was fetched below `floor` is not in the log any more. */
  | { readonly type: 'historyLost'; readonly stream: StreamId; readonly floor: number }
  /** The answer to a `serve` was sent: it reached `upTo` (`after` when nothing was sent), and `bytes` were read for it. */
  | {
      readonly type: 'served';
      readonly peer: NodeId;
      readonly stream: StreamId;
      readonly upTo: number;
      readonly bytes: number;
    }
  /** Tell with `reached` when the message is in the logs of so many nodes. */
  | {
      readonly type: 'await';
      readonly id: number;
      readonly stream: StreamId;
      readonly seq: number;
      readonly level: Exclude<AckLevel, 'local'>;
    }
  | { readonly type: 'abandon'; readonly id: number }
  | TimerExpired<GossipTimer>;

export type GossipOutput<B extends BundlePlace> =
  /**
   * The next of its stream, which begins at `floor` if the log does not know it: log it; deliver its messages from `fromSeq` on if
   * anybody here wants them, none when all were released before.
   */
  | { readonly type: 'release'; readonly bundle: B; readonly fromSeq: number; readonly floor: number }
  /** History below the floor, in order: log it, don't deliver it as live. The floor follows as an `extent` when all is there. */
  | { readonly type: 'backfill'; readonly bundle: B; readonly fromSeq: number }
  /** Send the bundle on the data lane, with `start` in the frame when it is given. */
  | { readonly type: 'push'; readonly peer: NodeId; readonly bundle: B; readonly start: number | undefined }
  | { readonly type: 'send'; readonly peer: NodeId; readonly lane: Lane; readonly frame: CoreFrame }
  /**
   * Read (after, to] from the log, send it as repair frames until `bytesMax` is passed, at least one bundle if there is one, then a
   * `pulled` frame on the same lane, and report `served`. The publisher's record goes first if this link has not carried it.
   */
  | {
      readonly type: 'serve';
      readonly peer: NodeId;
      readonly stream: Stream;
      readonly after: number;
      readonly to: number;
      readonly bytesMax: number;
      readonly floor: number;
    }
  | { readonly type: 'gap'; readonly gap: Gap }
  /** What is held of a stream changed other than by a release: save it. */
  | {
      readonly type: 'extent';
      readonly stream: Stream;
      readonly floor: number;
      readonly frontier: number;
      /** While the floor is a guess: nothing up to here is owed. */
      readonly openFrom: number | undefined;
    }
  /** Nobody here wants the stream any more: drop it from the log. */
  | { readonly type: 'forget'; readonly stream: Stream }
  /** The level of an `await` was reached. */
  | { readonly type: 'reached'; readonly id: number; readonly confirmed: number; readonly of: number }
  /** The fastest receiver has the own stream up to `seq`, or nobody is left to wait for: the next bundle may be cut. */
  | { readonly type: 'arrived'; readonly stream: StreamId; readonly seq: number }
  /** Receivers that make progress have too much unconfirmed, or no longer. */
  | { readonly type: 'roomChanged'; readonly hasRoom: boolean }
  | Schedule<GossipTimer>;
