/**
 * Reads streams from the log for one subscriber, each in its publisher's order and together about in the order they
 * were published. It reads when it is asked, so a slow subscriber costs no memory. A stream has caught up at
 * the moment when the log has nothing more of it; as nothing else happens in between, its next message is a live one.
 */
import type { Gap, Message } from '../gossip/bundles/message.js';
import type { Stream, StreamId } from '../gossip/bundles/stream.js';
import { TimerQueue } from '../runtime/timer-queue.js';
import type { MessageLog } from './message-log.js';
import type { Delivery } from './outbox.js';

const PAGE_MESSAGES = 256;

/** So many streams are merged by time; others wait until one of them has caught up. Bounds memory to a page each. */
const MERGED_STREAMS_MAX = 64;

/** Which part of a stream is wanted: what follows `after`, up to `until` or, without it, to the end and then live. */
export interface ReplayRange {
  readonly stream: Stream;
  readonly after: number;
  readonly until?: number | undefined;
  /** Up to here the stream is known to have been readable once, so what is missing below is a gap. */
  readonly known: number;
}

interface Reading {
  readonly stream: Stream;
  readonly until: number;
  next: number;
  known: number;
  page: readonly Message[];
  at: number;
}

/** What a subscriber still has to get from the log. */
export class Replay {
  readonly #live = new Map<StreamId, Reading>();
  readonly #merged = new TimerQueue<Reading>();
  #waiting: Reading[] = [];
  #gap: Gap | undefined;

  constructor(
    private readonly log: MessageLog,
    private readonly caughtUp: (stream: StreamId, seq: number) => void,
  ) {}

  get isDone(): boolean {
    return this.#merged.size === 0 && this.#waiting.length === 0 && this.#gap === undefined;
  }

  /** Whether the stream is still read from the log, so that its live messages must not be delivered. */
  isReading(stream: StreamId): boolean {
    return this.#live.has(stream);
  }

  add({ stream, after, until = Infinity, known }: ReplayRange): void {
    const reading: Reading = { stream, until, next: after + 1, known, page: [], at: 0 };
    if (until === Infinity) this.#live.set(stream.id, reading);
    this.#waiting.push(reading);
  }

  /** A live message of a stream that is still read from the log, where it will be found. */
  passed(stream: StreamId, seq: number): void {
    const reading = this.#live.get(stream);
    if (reading !== undefined) reading.known = Math.max(reading.known, seq);
  }

  /** Up to `messagesMax` messages, or a gap, or undefined when everything has caught up. */
  take(messagesMax: number): Delivery | undefined {
    const messages: Message[] = [];
    while (this.#gap === undefined && messages.length < messagesMax) {
      const reading = this.#earliest();
      if (reading === undefined) break;
      this.#advance(reading, messages);
    }
    if (messages.length > 0) return { messages };
    const gap = this.#gap;
    this.#gap = undefined;
    return gap === undefined ? undefined : { gap };
  }

  /** Stops reading what is not wanted any more. */
  keep(isWanted: (topic: string) => boolean): void {
    const readings = this.#waiting;
    for (let next = this.#merged.takeDue(Infinity); next !== undefined; next = this.#merged.takeDue(Infinity)) {
      readings.push(next);
    }
    this.#waiting = readings.filter(({ stream }) => isWanted(stream.topic));
    for (const [id, { stream }] of this.#live) {
      if (!isWanted(stream.topic)) this.#live.delete(id);
    }
  }

  #earliest(): Reading | undefined {
    while (this.#merged.size < MERGED_STREAMS_MAX) {
      const reading = this.#waiting.shift();
      if (reading === undefined) break;
      this.#queue(reading);
    }
    return this.#merged.takeDue(Infinity);
  }

  /** Whose next message is not read yet goes first, as its time is not known. */
  #queue(reading: Reading): void {
    this.#merged.add(reading.page[reading.at]?.publishedAtMs ?? -Infinity, reading);
  }

  #advance(reading: Reading, messages: Message[]): void {
    const message = reading.page[reading.at];
    if (message === undefined) {
      this.#readOn(reading);
      return;
    }
    if (message.seq > reading.next) {
      this.#gap = this.#gapTo(reading, message.seq - 1);
      reading.next = message.seq;
    } else {
      messages.push(message);
      reading.next++;
      reading.at++;
    }
    this.#queue(reading);
  }

  #readOn(reading: Reading): void {
    const page = this.log.readStream(reading.stream.id, reading.next, PAGE_MESSAGES);
    reading.page = (page.at(-1)?.seq ?? 0) > reading.until ? page.filter(({ seq }) => seq <= reading.until) : page;
    reading.at = 0;
    if (reading.page.length > 0) {
      this.#queue(reading);
      return;
    }
    if (reading.next <= reading.known) {
      this.#gap = this.#gapTo(reading, reading.known);
      reading.next = reading.known + 1;
    }
    if (this.#live.get(reading.stream.id) !== reading) return;
    this.#live.delete(reading.stream.id);
    this.caughtUp(reading.stream.id, reading.next - 1);
  }

  #gapTo({ stream, next }: Reading, to: number): Gap {
    for (const { stream: held, floor } of this.log.extentsOf((topic) => topic === stream.topic)) {
      if (held.id === stream.id && to > floor) return { stream, from: next, to, reason: 'key' };
    }
    return { stream, from: next, to, reason: 'retention' };
  }
}
