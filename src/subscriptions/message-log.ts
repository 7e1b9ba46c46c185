import type { StreamExtent } from '../gossip/store/bundle-store.js';
import type { Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';

/** A part of a stream as it can be read. */
export interface StreamPart {
  readonly messages: readonly Message[];
  /** Where to read on; no further than asked for when there is nothing more. */
  readonly nextSeq: number;
}

/** What a subscriber reads of the log. Everything that was delivered is readable at once, until retention drops it. */
export interface MessageLog {
  /** What is held of the streams whose topic matches a topic or pattern; may be gone through over several turns. */
  extentsOf(pattern: string): Iterable<StreamExtent>;
  extentOf(stream: StreamId): StreamExtent | undefined;
  /** About a page of a stream in order, from `fromSeq` or the first above that is held. */
  readStream(stream: StreamId, fromSeq: number): StreamPart;
  /** The last seq of the stream that was received before `wallMs` of the local clock; its floor when none was. */
  seqBefore(stream: StreamId, wallMs: number): number;
}
