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
import type { Has } from './repeat-filter.js';
import { Replay } from './replay.js';
import type { StartingPoint } from './starting-point.js';
import { TopicTree } from '../topics/topic-tree.js';

/** Streams whose place a feed that starts now notes; that of others follows from when it started. */
export const NOTED_STREAMS_MAX = 1_024;

/** A start looks at so many streams before others have their turn; looking a time up in the log counts as so many. */
const STREAMS_A_SLICE = 2_048;
const LOOKUP_STREAMS = 64;

/** Streams of which it is known what the subscriber was told to have missed. */
const LOST_STREAMS_MAX = 1_024;

const NOTHING: ReadonlyMap<StreamId, number> = new Map();

/** When a feed is full, and what it leaves out. */
export interface FeedOptions extends OutboxBounds {
  /** At the outbox's bound: cut the subscriber, or let it read on from the log. */
  readonly whenFull: 'cut' | 'reread';
  /** Messages that are passed over: expired ones, and repeats of what the subscriber has. */
  readonly isUnwanted: (message: Message, has: Has) => boolean;
  /** Messages up to this one were passed over, and what was taken with them is given. */
  readonly passed?: (stream: StreamId, seq: number) => void;
}

interface Coverage {
  readonly stream: Stream;
  /** Where the subscriber's part of the stream begins: everything above is given to it. */
  from: number;
  /** Up to here it was given, waits in the outbox, or is out of reach. */
  to: number;
}

/** A start whose streams are still being gone through. */
interface Starting {
  readonly pattern: string;
  readonly point: StartingPoint;
  readonly topicMatches: (topic: string) => boolean;
  isRecovered: boolean;
  lookups: number;
  isOver: boolean;
}

/** The messages of one subscriber, see above. */
export class Feed {
  readonly #covered = new Map<StreamId, Coverage>();
  readonly #coveredByTopic = new TopicTree<Set<Coverage>>();
  readonly #progress = new Progress();
  /** At most one for each stream: they go before everything else. */
  readonly #lateGaps = new Map<StreamId, Gap>();
  /** The last gap of each stream that was told: copies of what is in it are no repeats. */
  readonly #lost = new Map<StreamId, { readonly from: number; readonly to: number }>();
  readonly #starting = new Set<Starting>();
  /** How far the streams are of which something was passed over, once what was taken with it is given. */
  #passed: ReadonlyMap<StreamId, number> = NOTHING;
  readonly #outbox: Outbox;
  readonly #replay: Replay;

  constructor(
    private readonly log: MessageLog,
    private readonly options: FeedOptions,
  ) {
    this.#outbox = new Outbox(options);
    this.#replay = new Replay(log, (stream, seq) => this.#caughtUp(stream, seq));
  }

  /** `take` has something to do now; while a start is under way it has not. */
  get hasMore(): boolean {
    if (this.#starting.size > 0) return false;
    return this.#lateGaps.size > 0 || !this.#outbox.isEmpty || this.#replay.hasMore;
  }

  /** Some of what is read from the log waits for keys, or to be there: `unlock` is to be called now and then. */
  get isLocked(): boolean {
    return this.#replay.isLocked;
  }

  /** What waited for keys or messages that have come, or are given up, is read on. */
  unlock(): void {
    this.#replay.unlock();
  }

  /**
   * Begins with a topic or pattern, in slices; false when something after the starting point is lost. Nothing can be taken in
   * between; live messages can be offered.
   */
  *start(pattern: string, point: StartingPoint, topicMatches: (topic: string) => boolean): Generator<void, boolean> {
    const isRecovered = this.#noteMissing(point, topicMatches);
    const starting = { pattern, point, topicMatches, isRecovered, lookups: 0, isOver: false };
    if (point.from !== 'now') this.#starting.add(starting);
    let seen = 0;
    try {
      for (const extent of this.log.extentsOf(pattern)) {
        this.#begin(extent, starting);
        seen++;
        if (point.from === 'now' && seen >= NOTED_STREAMS_MAX) break;
        if (seen + starting.lookups * LOOKUP_STREAMS < STREAMS_A_SLICE) continue;
        seen = starting.lookups = 0;
        yield;
        if (starting.isOver) break;
      }
    } finally {
      this.#starting.delete(starting);
    }
    return starting.isRecovered;
  }

  /** Ends a topic or pattern: what is still wanted for another one stays. */
  end(pattern: string, isWanted: (topic: string) => boolean): void {
    for (const starting of this.#starting) {
      if (starting.pattern !== pattern) continue;
      starting.isOver = true;
      this.#starting.delete(starting);
    }
    for (const streams of this.#coveredByTopic.matching(pattern)) {
      for (const { stream } of streams) {
        if (isWanted(stream.topic)) break;
        this.#covered.delete(stream.id);
        this.#progress.forget(stream.id);
        this.#lateGaps.delete(stream.id);
        this.#lost.delete(stream.id);
        this.#replay.drop(stream.id);
        this.#coveredByTopic.delete(stream.topic);
      }
    }
    this.#outbox.keep(isWanted);
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
      const told = this.#lateGaps.get(gap.stream.id);
      this.#lateGaps.set(gap.stream.id, { ...gap, to: told?.to ?? gap.to });
      covered.from = gap.from - 1;
    } else if (this.#replay.isReading(gap.stream.id)) this.#replay.passed(gap.stream.id, gap.to);
    else if (gap.to > covered.to) {
      const fits = this.#outbox.offerGap({ ...gap, from: Math.max(gap.from, covered.to + 1) });
      if (fits) covered.to = gap.to;
      else return this.#overflow(covered, gap.to);
    }
    return 'taken';
  }

  /** What comes next, up to about `messagesMax` messages; undefined when nothing is ready in this turn. */
  take(messagesMax: number): Delivery | undefined {
    this.#advancePassed();
    if (this.#starting.size > 0) return undefined;
    for (const [stream, gap] of this.#lateGaps) {
      this.#lateGaps.delete(stream);
      return this.#tell(gap);
    }
    // What waits in the outbox goes first: a stream that overflowed is read on from the log after it.
    const next = this.#outbox.take(messagesMax) ?? this.#replay.take(messagesMax);
    if (next === undefined) return undefined;
    if ('gap' in next) return this.#tell(next.gap);
    const wanted = this.#wantedOf(next.messages);
    if (wanted.length > 0) return { messages: wanted };
    this.#advancePassed();
    return undefined;
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

  /** As `cursor` of all streams, but only with what a client's cursor names of them; to be encoded before anything moves on. */
  clientCursor(sinceMs: number): Cursor {
    return { sinceMs, streams: this.#progress.recent() };
  }

  /** What the reader has of streams that are not here stays known: they may still come. False when that means that some is lost. */
  #noteMissing(point: StartingPoint, topicMatches: (topic: string) => boolean): boolean {
    if (point.from !== 'cursor') return true;
    let isMissing = false;
    for (const [stream, seq] of point.cursor.streams) {
      const extent = this.log.extentOf(stream);
      if (extent !== undefined && topicMatches(extent.stream.topic)) continue;
      isMissing = true;
      if (!this.#covered.has(stream)) this.#progress.advance(stream, seq);
    }
    return !(point.isToken && isMissing);
  }

  #begin(extent: StreamExtent, starting: Starting): void {
    const { after, isComplete } = this.#startOf(extent, starting);
    starting.isRecovered &&= isComplete;
    this.#cover(extent, after);
  }

  #startOf(extent: StreamExtent, starting: Starting): { after: number; isComplete: boolean } {
    const { stream, floor, frontier } = extent;
    const { point } = starting;
    if (point.from === 'now') return { after: frontier, isComplete: true };
    if (point.from === 'retained') return { after: floor, isComplete: true };
    const { streams, sinceMs } = point.cursor;
    const seq = streams.get(stream.id);
    if (seq !== undefined) return { after: seq, isComplete: seq >= floor };
    if (sinceMs === 0) return { after: floor, isComplete: floor === 0 };
    // A publisher's life that began after the reader was wanted from its first message on; of an older one the floor
    // may well be where the reader began.
    if (extent.changedAtMs >= sinceMs) starting.lookups++;
    return { after: this.log.seqBefore(stream.id, sinceMs), isComplete: floor === 0 || stream.epoch < sinceMs };
  }

  #cover({ stream, floor, frontier }: StreamExtent, after: number): void {
    const covered = this.#covered.get(stream.id);
    if (covered === undefined) {
      this.#add({ stream, from: after, to: after });
      this.#progress.advance(stream.id, after);
      if (after < frontier) this.#replay.add({ stream, after, known: floor });
    } else if (after < covered.from) {
      // Another pattern of the subscriber has the stream already: what came before that is added.
      this.#replay.add({ stream, after, until: covered.from, known: Math.min(floor, covered.from) });
      covered.from = after;
    }
  }

  #coverageOf(stream: Stream, before: number): Coverage {
    const known = this.#covered.get(stream.id) ?? this.#startedWith(stream);
    if (known !== undefined) return known;
    const from = this.#progress.at(stream.id) ?? before;
    return this.#add({ stream, from, to: from });
  }

  /** Something of a stream comes in that a start under way has not come to yet. */
  #startedWith(stream: Stream): Coverage | undefined {
    for (const starting of this.#starting) {
      const extent = starting.topicMatches(stream.topic) ? this.log.extentOf(stream.id) : undefined;
      if (extent !== undefined) this.#begin(extent, starting);
    }
    return this.#covered.get(stream.id);
  }

  #add(covered: Coverage): Coverage {
    const { id, topic } = covered.stream;
    this.#covered.set(id, covered);
    const ofTopic = this.#coveredByTopic.get(topic);
    if (ofTopic === undefined) this.#coveredByTopic.set(topic, new Set([covered]));
    else ofTopic.add(covered);
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

  #wantedOf(messages: readonly Message[]): readonly Message[] {
    if (!messages.some(mayBeUnwanted)) return messages;
    const seen = new Map<string, boolean>();
    for (const { stream, seq } of messages) seen.set(`${stream.id} ${seq}`, false);
    const has: Has = (stream, seq) => seen.get(`${stream} ${seq}`) ?? this.#has(stream, seq);
    const wanted = messages.filter((message) => {
      const isWanted = !this.options.isUnwanted(message, has);
      seen.set(`${message.stream.id} ${message.seq}`, true);
      return isWanted;
    });
    // Passing over a message is progress as well, but no cursor may say so before what goes ahead of it was given.
    if (wanted.length < messages.length) this.#passed = new Map(messages.map(({ stream, seq }) => [stream.id, seq]));
    return wanted;
  }

  #has(stream: StreamId, seq: number): boolean {
    if ((this.#progress.at(stream) ?? 0) < seq || this.#replay.owes(stream, seq)) return false;
    const lost = this.#lost.get(stream);
    return lost === undefined || seq < lost.from || seq > lost.to;
  }

  #tell(gap: Gap): Delivery {
    const { id } = gap.stream;
    const before = this.#lost.get(id);
    const isNext = before !== undefined && before.to + 1 >= gap.from && gap.to >= before.from - 1;
    this.#lost.delete(id);
    this.#lost.set(id, isNext ? { from: Math.min(before.from, gap.from), to: Math.max(before.to, gap.to) } : gap);
    if (this.#lost.size > LOST_STREAMS_MAX) this.#lost.delete(this.#lost.keys().next().value!);
    return { gap };
  }

  #advancePassed(): void {
    for (const [stream, seq] of this.#passed) {
      this.given(stream, seq);
      this.options.passed?.(stream, seq);
    }
    this.#passed = NOTHING;
  }
}

function mayBeUnwanted({ ttlMs, idempotencyKey }: Message): boolean {
  return ttlMs !== undefined || idempotencyKey !== undefined;
}
