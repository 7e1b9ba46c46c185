import type { StreamExtent } from '../gossip/store/bundle-store.js';
import type { Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';

/** What a subscriber reads of the log. Everything that was delivered is readable at once, until retention drops it. */
export interface MessageLog {
  /** What is held of the streams whose topic matches. */
  extentsOf(topicMatches: (topic: string) => boolean): Iterable<StreamExtent>;
  /** Messages of a stream in order, from `fromSeq` or the first above that can be read; none when there is nothing more. */
  readStream(stream: StreamId, fromSeq: number, limit: number): readonly Message[];
  /** The last seq of the stream that was received before `wallMs` of the local clock; its floor when none was. */
  seqBefore(stream: StreamId, wallMs: number): number;
}
