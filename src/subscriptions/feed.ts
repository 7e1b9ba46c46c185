/**
 * What one subscriber gets: history from the log, then live messages through a bounded outbox, each message once and in its
 * publisher's order however many of the subscriber's patterns match. A stream is either read from the log or live; when the
 * outbox overflows, a stream goes back to being read from the log, or the subscriber is cut, as its owner chose.
 */
import type { StreamExtent } from '../gossip/store/bundle-store.js';
import type { Gap, Message } from '../gossip/bundles/message.js';
import type { Stream, StreamId } from '../gossip/bundles/stream.js';
import type { Cursor } from './cursor.js';
import type { MessageLog } from './message-log.js';
import { Outbox, type Delivery, type OutboxBounds } from './outbox.js';
import { Progress } from './progress.js';
import { Replay } from './replay.js';
import type { StartingPoint } from './starting-point.js';

/** When a feed is full, and what it leaves out. */
export interface FeedOptions extends OutboxBounds {
  /** At the outbox's bound: cut the subscriber, or let it read on from the log. */
  readonly whenFull: 'cut' | 'reread';
  /** Messages that are passed over: expired ones and repeats. */
  readonly isUnwanted: (message: Message) => boolean;
}

interface Coverage {
  readonly stream: Stream;
  /** Where the subscriber's part of the stream begins: everything above is given to it. */
  from: number;
  /** Up to here it was given, waits in the outbox, or is out of reach. */
  to: number;
}

/** The messages of one subscriber, see above. */
export class Feed {
  readonly #covered = new Map<StreamId, Coverage>();
  readonly #progress = new Progress();
  /** Seldom, and at most a few for each stream: they go before everything else. */
  #lateGaps: Gap[] = [];
  readonly #outbox: Outbox;
  readonly #replay: Replay;

  constructor(
    private readonly log: MessageLog,
    private readonly options: FeedOptions,
  ) {
    this.#outbox = new Outbox(options);
    this.#replay = new Replay(log, (stream, seq) => this.#caughtUp(stream, seq));
  }

  get isEmpty(): boolean {
    return this.#lateGaps.length === 0 && this.#outbox.isEmpty && this.#replay.isDone;
  }

  /** Begins with the streams whose topic matches; false when something after the starting point is lost. */
  start(topicMatches: (topic: string) => boolean, point: StartingPoint): boolean {
    const missing = new Map(point.from === 'cursor' ? point.cursor.streams : []);
    let isRecovered = true;
    for (const extent of this.log.extentsOf(topicMatches)) {
      missing.delete(extent.stream.id);
      const { after, isComplete } = this.#startOf(extent, point);
      isRecovered &&= isComplete;
      this.#cover(extent, after);
    }
    // They may still come; what the reader has of them stays known.
    for (const [stream, seq] of missing) if (!this.#covered.has(stream)) this.#progress.advance(stream, seq);
    const isToken = point.from === 'cursor' && point.isToken;
    return isRecovered && !(isToken && missing.size > 0);
  }

  /** Ends what is not wanted any more. */
  keep(isWanted: (topic: string) => boolean): void {
    for (const [id, { stream }] of this.#covered) {
      if (isWanted(stream.topic)) continue;
      this.#covered.delete(id);
      this.#progress.forget(id);
    }
    this.#lateGaps = this.#lateGaps.filter(({ stream }) => isWanted(stream.topic));
    this.#outbox.keep(isWanted);
    this.#replay.keep(isWanted);
  }

  /** Live messages, consecutive in one stream, of `bytes` in all. `overflow`: the subscriber is to be cut. */
  offer(messages: readonly Message[], bytes: number): 'taken' | 'overflow' {
    const first = messages[0];
    const last = messages.at(-1);
    if (first === undefined || last === undefined) return 'taken';
    const { stream } = first;
    const covered = this.#coverageOf(stream, first.seq - 1);
    if (this.#replay.isReading(stream.id)) this.#replay.passed(stream.id, last.seq);
    else if (first.seq > covered.to + 1) this.#readOn(covered, last.seq);
    else if (last.seq > covered.to) return this.#queue(covered, messages, bytes);
    return 'taken';
  }

  /** Messages that nobody here can get. */
  offerGap(gap: Gap): 'taken' | 'overflow' {
    const covered = this.#coverageOf(gap.stream, gap.from - 1);
    if (gap.reason === 'late' && gap.to === covered.from) {
      // The subscriber was there from what the node took for the stream's beginning on; that may lie far behind by now.
      this.#lateGaps.push(gap);
      covered.from = gap.from - 1;
    } else if (this.#replay.isReading(gap.stream.id)) this.#replay.passed(gap.stream.id, gap.to);
    else if (gap.to > covered.to) {
      const fits = this.#outbox.offerGap({ ...gap, from: Math.max(gap.from, covered.to + 1) });
      if (fits) covered.to = gap.to;
      else return this.#overflow(covered, gap.to);
    }
    return 'taken';
  }

  /** What comes next, up to about `messagesMax` messages; undefined when there is nothing, or nothing but unwanted ones. */
  take(messagesMax: number): Delivery | undefined {
    const gap = this.#lateGaps.shift();
    if (gap !== undefined) return { gap };
    // What waits in the outbox goes first: a stream that overflowed is read on from the log after it.
    for (;;) {
      const next = this.#outbox.take(messagesMax) ?? this.#replay.take(messagesMax);
      if (next === undefined || 'gap' in next) return next;
      const wanted = this.#wantedOf(next.messages);
      if (wanted.length > 0) return { messages: wanted };
    }
  }

  /** The subscriber has this and everything of its stream before it. */
  given(stream: StreamId, seq: number): void {
    if (this.#covered.has(stream)) this.#progress.advance(stream, seq);
  }

  /** Where the subscriber stands, in all or with the streams of some topics. */
  cursor(sinceMs: number, topicMatches?: (topic: string) => boolean): Cursor {
    if (topicMatches === undefined) return { sinceMs, streams: new Map(this.#progress) };
    const streams = [...this.#progress].filter(([id]) => {
      const covered = this.#covered.get(id);
      return covered === undefined || topicMatches(covered.stream.topic);
    });
    return { sinceMs, streams: new Map(streams) };
  }

  #startOf({ stream, floor, frontier }: StreamExtent, point: StartingPoint): { after: number; isComplete: boolean } {
    if (point.from === 'now') return { after: frontier, isComplete: true };
    if (point.from === 'retained') return { after: floor, isComplete: true };
    const { streams, sinceMs } = point.cursor;
    const seq = streams.get(stream.id);
    if (seq !== undefined) return { after: seq, isComplete: seq >= floor };
    if (sinceMs === 0) return { after: floor, isComplete: floor === 0 };
    // A publisher's life that began after the reader was wanted from its first message on; of an older one the floor
    // may well be where the reader began.
    return { after: this.log.seqBefore(stream.id, sinceMs), isComplete: floor === 0 || stream.epoch < sinceMs };
  }

  #cover({ stream, floor, frontier }: StreamExtent, after: number): void {
    const covered = this.#covered.get(stream.id);
    if (covered === undefined) {
      this.#covered.set(stream.id, { stream, from: after, to: after });
      this.#progress.advance(stream.id, after);
      if (after < frontier) this.#replay.add({ stream, after, known: floor });
    } else if (after < covered.from) {
      // Another pattern of the subscriber has the stream already: what came before that is added.
      this.#replay.add({ stream, after, until: covered.from, known: Math.min(floor, covered.from) });
      covered.from = after;
    }
  }

  #coverageOf(stream: Stream, before: number): Coverage {
    let covered = this.#covered.get(stream.id);
    if (covered === undefined) {
      const from = this.#progress.at(stream.id) ?? before;
      covered = { stream, from, to: from };
      this.#covered.set(stream.id, covered);
    }
    return covered;
  }

  #queue(covered: Coverage, messages: readonly Message[], bytes: number): 'taken' | 'overflow' {
    const fresh = messages[0]!.seq > covered.to ? messages : messages.filter(({ seq }) => seq > covered.to);
    const { seq } = fresh.at(-1)!;
    if (!this.#outbox.offer(fresh, bytes)) return this.#overflow(covered, seq);
    covered.to = seq;
    return 'taken';
  }

  #overflow(covered: Coverage, seq: number): 'taken' | 'overflow' {
    if (this.options.whenFull === 'cut') return 'overflow';
    this.#readOn(covered, seq);
    return 'taken';
  }

  #readOn({ stream, to }: Coverage, known: number): void {
    this.#replay.add({ stream, after: to, known });
  }

  #caughtUp(stream: StreamId, seq: number): void {
    const covered = this.#covered.get(stream);
    if (covered !== undefined) covered.to = Math.max(covered.to, seq);
  }

  /** Passing over a message is progress as well. */
  #wantedOf(messages: readonly Message[]): readonly Message[] {
    const { isUnwanted } = this.options;
    if (!messages.some(isUnwanted)) return messages;
    return messages.filter((message) => {
      if (!isUnwanted(message)) return true;
      this.given(message.stream.id, message.seq);
      return false;
    });
  }
}
