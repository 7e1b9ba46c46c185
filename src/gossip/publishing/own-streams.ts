/**
 * The streams of this life of the node, by topic. Bounded: one that is idle and of which retention has left nothing makes way. Its
 * numbers are not given again should its topic come back: of streams that made way the highest number is kept, for many of them
 * together, so that it takes the same room however many there were. A topic that comes back may thus leave numbers out, never use
 * one twice.
 */
import type { Stream, StreamId } from '../bundles/stream.js';

/** Topics that a node has published to and of which something is retained; above it a new one is refused. */
export const OWN_STREAMS_MAX = 100_000;
/** Streams that are looked at for one that can make way, those that were not used for longest. */
export const RECLAIM_LOOKS_MAX = 256;
/** Places for the highest numbers of streams that made way. */
const MARKS = 65_536;

/** See above. */
export class OwnStreams<S extends { readonly stream: Stream }> {
  /** In the order of their last use. */
  readonly #byTopic = new Map<string, S>();
  readonly #byId = new Map<StreamId, S>();
  readonly #marks = new Float64Array(MARKS);

  constructor(private readonly streamsMax = OWN_STREAMS_MAX) {}

  get(topic: string): S | undefined {
    return this.#byTopic.get(topic);
  }

  byId(stream: StreamId): S | undefined {
    return this.#byId.get(stream);
  }

  get isFull(): boolean {
    return this.#byTopic.size >= this.streamsMax;
  }

  /** Adds it, or notes that it was used. */
  put(own: S): void {
    const { id, topic } = own.stream;
    this.#byTopic.delete(topic);
    this.#byTopic.set(topic, own);
    this.#byId.set(id, own);
  }

  /** Takes out one that can make way, of which `lastSeqOf` says how far it came; undefined when none was found. */
  reclaim(canGo: (own: S) => boolean, lastSeqOf: (own: S) => number): S | undefined {
    let looks = 0;
    for (const own of this.#byTopic.values()) {
      if (looks++ === RECLAIM_LOOKS_MAX) break;
      if (!canGo(own)) continue;
      const { id, topic } = own.stream;
      this.#byTopic.delete(topic);
      this.#byId.delete(id);
      this.#marks[markOf(id)] = Math.max(this.#marks[markOf(id)]!, lastSeqOf(own));
      return own;
    }
    return undefined;
  }

  /** No stream of this id that made way had a higher number. */
  lastSeqOf(stream: StreamId): number {
    return this.#marks[markOf(stream)]!;
  }
}

/** Ids are hashes. */
function markOf(stream: StreamId): number {
  return Buffer.from(stream, 'base64url').readUInt16BE(0);
}
