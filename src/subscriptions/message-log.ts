import type { StreamExtent } from '../gossip/store/bundle-store.js';
import type { StreamPart } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import type { KeyId } from '../crypto/topic-keys.js';

/** What a subscriber reads of the log. What was delivered is readable at once, until retention drops it; what the log refused, later. */
export interface MessageLog {
  /** What is held of the streams whose topic matches a topic or pattern; may be gone through over several turns. */
  extentsOf(pattern: string): Iterable<StreamExtent>;
  extentOf(stream: StreamId): StreamExtent | undefined;
  /** About a page of a stream in order, from `fromSeq` or the first above that is held, up to where a key is awaited. */
  readStream(stream: StreamId, fromSeq: number): StreamPart;
  /** Whether a key that is missing is still asked for, which has an end. */
  isKeyAwaited(keyId: KeyId): boolean;
  /** Whether a message was delivered that the log refused: it comes once more, or is given up. */
  isUnlogged(stream: StreamId, seq: number): boolean;
  /** The last seq of the stream that was received before `wallMs` of the local clock; its floor when none was. */
  seqBefore(stream: StreamId, wallMs: number): number;
}
