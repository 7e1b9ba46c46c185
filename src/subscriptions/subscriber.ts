import type { Gap, Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import { PatternTree } from '../topics/pattern-tree.js';
import type { Cursor } from './cursor.js';
import type { Feed } from './feed.js';
import { sinceMsOf, type StartingPoint } from './starting-point.js';

/** Where a subscriber's messages go: a socket, an event stream, a handler. */
export interface Sink {
  /**
   * Takes what became ready together, in order. False asks to wait until `Subscriber.more()`; these messages count as
   * taken all the same.
   */
  deliver(messages: readonly Message[]): boolean;
  gap(gap: Gap): void;
  /** Messages up to this one were passed over; what goes before them was given. */
  passed?(stream: StreamId, seq: number): void;
  /** The outbox of a client that reads too slowly reached its bound; the subscriber is closed already. */
  cut(): void;
}

/** Messages that a sink is given at a time. */
const DELIVERY_MESSAGES_MAX = 1_024;
/** Deliveries in one turn, so that one subscriber's history does not keep the others waiting. */
const DELIVERIES_A_TURN = 4;

/** One reader with its topics and patterns, between its feed and its sink. */
export class Subscriber {
  readonly #since = new Map<string, number>();
  #firstSince = Infinity;
  readonly #wanted = new PatternTree<null>();
  #isPaused = false;
  #isClosed = false;

  constructor(
    private readonly feed: Feed,
    private readonly sink: Sink,
    private readonly ready: (subscriber: Subscriber) => void,
  ) {}

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins with `pattern`, in slices; false when something after the starting point is lost. */
  *start(pattern: string, point: StartingPoint, nowMs: number): Generator<void, boolean> {
    this.#since.set(pattern, sinceMsOf(point, nowMs));
    this.#firstSince = Math.min(...this.#since.values());
    this.#wanted.add(pattern, null);
    const isRecovered = yield* this.feed.start(pattern, point, topicsOf(pattern));
    this.ready(this);
    return isRecovered;
  }

  stop(pattern: string): void {
    this.#since.delete(pattern);
    this.#firstSince = Math.min(...this.#since.values());
    this.#wanted.delete(pattern, null);
    // Nothing of a subscriber that is closed is needed any more.
    if (!this.#isClosed) this.feed.end(pattern, (topic) => this.#wanted.matches(topic));
  }

  /** False when this was too much and the subscriber was cut. */
  offer(messages: readonly Message[], bytes: number): boolean {
    return this.#isClosed || this.#accepted(this.feed.offer(messages, bytes));
  }

  /** As `offer`. */
  offerGap(gap: Gap): boolean {
    return this.#isClosed || this.#accepted(this.feed.offerGap(gap));
  }

  /** Gives the sink what is ready; true when the next turn should go on. */
  flush(): boolean {
    for (let left = DELIVERIES_A_TURN; left > 0; left--) {
      if (this.#isPaused || this.#isClosed) return false;
      const next = this.feed.take(DELIVERY_MESSAGES_MAX);
      if (next === undefined) break;
      if ('gap' in next) this.#giveGap(next.gap);
      else this.#give(next.messages);
    }
    return !this.#isPaused && !this.#isClosed && this.feed.hasMore;
  }

  /** Some of what it reads from the log waits for keys, or to be there. */
  get isLocked(): boolean {
    return !this.#isClosed && this.feed.isLocked;
  }

  /** Reads on where keys or messages have come, or were given up. */
  unlock(): void {
    this.feed.unlock();
    this.ready(this);
  }

  /** There is room again after `Sink.deliver` returned false. */
  more(): void {
    this.#isPaused = false;
    if (!this.#isClosed) this.ready(this);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Closes and tells the sink. */
  cut(): void {
    this.close();
    this.sink.cut();
  }

  /** Where the subscriber stands with one of its patterns, or with all of them. */
  cursor(pattern?: string): Cursor {
    if (pattern === undefined) return this.feed.cursor(this.#firstSince);
    return this.feed.cursor(this.#since.get(pattern) ?? 0, topicsOf(pattern));
  }

  /** See `Feed.clientCursor`. */
  clientCursor(): Cursor {
    return this.feed.clientCursor(this.#firstSince);
  }

  /** The subscriber has this and everything of its stream before it. */
  given(stream: StreamId, seq: number): void {
    this.feed.given(stream, seq);
  }

  #give(messages: readonly Message[]): void {
    // Set before, as the sink may ask for more before it returns.
    this.#isPaused = true;
    const hasRoom = this.sink.deliver(messages);
    if (hasRoom) this.#isPaused = false;
    messages.forEach(({ stream, seq }, index) => {
      // Within a run of one stream the last one says it all.
      if (messages[index + 1]?.stream !== stream) this.feed.given(stream.id, seq);
    });
  }

  #giveGap(gap: Gap): void {
    this.sink.gap(gap);
    this.feed.given(gap.stream.id, gap.to);
  }

  #accepted(outcome: 'taken' | 'overflow'): boolean {
    if (outcome === 'taken') {
      this.ready(this);
      return true;
    }
    this.cut();
    return false;
  }
}

function topicsOf(pattern: string): (topic: string) => boolean {
  const tree = new PatternTree<null>();
  tree.add(pattern, null);
  return (topic) => tree.matches(topic);
}
