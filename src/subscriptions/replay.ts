/**
 * Reads streams from the log for one subscriber, each in its publisher's order and together about in the order they
 * were published. It reads when it is asked, and only so much at a time, so a slow subscriber costs no memory and a long history no
 * stall. A stream has caught up at the moment when the log has nothing more of it; as nothing else happens in between, its next
 * message is a live one. A stream whose next bundle cannot be opened yet waits for the key, alone, and one of which the log refused
 * what was live until it comes again; what is not to be had is a gap.
 */
import type { Gap, Message } from '../gossip/bundles/message.js';
import type { Stream, StreamId } from '../gossip/bundles/stream.js';
import type { KeyId } from '../crypto/topic-keys.js';
import { TimerQueue } from '../runtime/timer-queue.js';
import type { MessageLog } from './message-log.js';
import type { Delivery } from './outbox.js';

/** So many streams are merged by time; others wait until one of them has caught up. Bounds memory to a page each. */
export const MERGED_STREAMS_MAX = 64;

/** Pages that are read for one delivery; what is not ready then comes in a later turn. */
export const READS_A_TAKE_MAX = 4;

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
  /** The first seq that was not given, and where the log is read next. */
  next: number;
  from: number;
  known: number;
  page: readonly Message[];
  at: number;
  isDropped: boolean;
}

/** What a subscriber still has to get from the log. */
export class Replay {
  readonly #readings = new Map<StreamId, Set<Reading>>();
  readonly #live = new Map<StreamId, Reading>();
  readonly #merged = new TimerQueue<Reading>();
  /** In the order in which they were added. */
  readonly #waiting = new Set<Reading>();
  /** Those whose next bundle cannot be opened yet, with the key that is awaited, and those whose next is not in the log yet. */
  readonly #locked = new Map<Reading, KeyId | undefined>();
  #gap: Gap | undefined;

  constructor(
    private readonly log: MessageLog,
    private readonly caughtUp: (stream: StreamId, seq: number) => void,
  ) {}

  /** Something can be read or told now. */
  get hasMore(): boolean {
    return this.#waiting.size > 0 || this.#merged.size > 0 || this.#gap !== undefined;
  }

  /** Some of it waits for keys, or for the log: `unlock` is to be called now and then. */
  get isLocked(): boolean {
    return this.#locked.size > 0;
  }

  /** What waited for keys or messages that have come, or are given up, is read on. */
  unlock(): void {
    for (const [reading, keyId] of this.#locked) {
      const { stream, from } = reading;
      if (keyId === undefined ? this.log.isUnlogged(stream.id, from) : this.log.isKeyAwaited(keyId)) continue;
      this.#locked.delete(reading);
      this.#waiting.add(reading);
    }
  }

  /** Whether the stream is still read from the log, so that its live messages must not be delivered. */
  isReading(stream: StreamId): boolean {
    return this.#live.has(stream);
  }

  /** Whether this is still to be read. */
  owes(stream: StreamId, seq: number): boolean {
    for (const { next, until } of this.#readings.get(stream) ?? []) if (next <= seq && seq <= until) return true;
    return false;
  }

  add({ stream, after, until = Infinity, known }: ReplayRange): void {
    const next = after + 1;
    const reading: Reading = { stream, until, next, from: next, known, page: [], at: 0, isDropped: false };
    if (until === Infinity) this.#live.set(stream.id, reading);
    const readings = this.#readings.get(stream.id) ?? new Set();
    this.#readings.set(stream.id, readings.add(reading));
    this.#waiting.add(reading);
  }

  /** A live message of a stream that is still read from the log, where it will be found. */
  passed(stream: StreamId, seq: number): void {
    const reading = this.#live.get(stream);
    if (reading !== undefined) reading.known = Math.max(reading.known, seq);
  }

  /** Up to `messagesMax` messages, or a gap; undefined when everything has caught up, or nothing is ready in this turn. */
  take(messagesMax: number): Delivery | undefined {
    const messages: Message[] = [];
    let reads = 0;
    while (this.#gap === undefined && messages.length < messagesMax && reads < READS_A_TAKE_MAX) {
      const reading = this.#earliest();
      if (reading === undefined) break;
      const message = reading.page[reading.at];
      if (message !== undefined) this.#give(reading, message, messages);
      else {
        reads++;
        this.#read(reading);
      }
    }
    if (messages.length > 0) return { messages };
    const gap = this.#gap;
    this.#gap = undefined;
    return gap === undefined ? undefined : { gap };
  }

  /** Stops reading a stream. */
  drop(stream: StreamId): void {
    for (const reading of this.#readings.get(stream) ?? []) {
      reading.isDropped = true;
      this.#waiting.delete(reading);
      this.#locked.delete(reading);
    }
    this.#readings.delete(stream);
    this.#live.delete(stream);
    if (this.#gap?.stream.id === stream) this.#gap = undefined;
  }

  #earliest(): Reading | undefined {
    for (;;) {
      for (const reading of this.#waiting) {
        if (this.#merged.size >= MERGED_STREAMS_MAX) break;
        this.#waiting.delete(reading);
        this.#queue(reading);
      }
      const next = this.#merged.takeDue(Infinity);
      if (next?.isDropped !== true) return next;
    }
  }

  /** Whose next message is not read yet goes first, as its time is not known. */
  #queue(reading: Reading): void {
    this.#merged.add(reading.page[reading.at]?.publishedAtMs ?? -Infinity, reading);
  }

  #give(reading: Reading, message: Message, messages: Message[]): void {
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

  #read(reading: Reading): void {
    const { stream, from, until } = reading;
    const { messages, nextSeq, awaitedKey } = this.log.readStream(stream.id, from);
    reading.page = (messages.at(-1)?.seq ?? 0) > until ? messages.filter(({ seq }) => seq <= until) : messages;
    reading.at = 0;
    reading.from = nextSeq;
    // What was in the log and is not in a page is lost, and told.
    reading.known = Math.max(reading.known, Math.min(nextSeq - 1, until));
    const isEnd = nextSeq <= from || nextSeq > until;
    if (reading.page.length > 0 || !isEnd) this.#queue(reading);
    else if (awaitedKey !== undefined && nextSeq <= until) this.#locked.set(reading, awaitedKey);
    else if (this.log.isUnlogged(stream.id, reading.known)) this.#locked.set(reading, undefined);
    else this.#end(reading);
  }

  #end(reading: Reading): void {
    const { id } = reading.stream;
    if (reading.next <= reading.known) {
      this.#gap = this.#gapTo(reading, reading.known);
      reading.next = reading.known + 1;
    }
    const readings = this.#readings.get(id);
    readings?.delete(reading);
    if (readings?.size === 0) this.#readings.delete(id);
    if (this.#live.get(id) !== reading) return;
    this.#live.delete(id);
    this.caughtUp(id, reading.next - 1);
  }

  #gapTo({ stream, next }: Reading, to: number): Gap {
    const floor = this.log.extentOf(stream.id)?.floor ?? Infinity;
    return { stream, from: next, to, reason: to > floor ? 'key' : 'retention' };
  }
}
