/**
 * Which messages repeat another one: same topic, same idempotency key, published within ten minutes of each other. Nodes see the
 * copies in different orders and readers move between nodes, so none of them is the first for all: a copy is a repeat to
 * whoever has another one. That is known as far as the copies are, so it is also kept how much of each stream was looked at.
 */
import type { Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import type { StreamExtent } from '../gossip/store/bundle-store.js';
import { ExpiringMap, type ExpiryBounds } from '../runtime/expiring-map.js';

/** How long a repeat is recognised, in ms; publishers remember keys equally long. */
export const REPEATS_SUPPRESSED_MS = 10 * 60_000;

/** How long idempotency keys are remembered, and how many of them: at subscribers as at publishers. */
export const KEYS_REMEMBERED: ExpiryBounds = { keptMs: REPEATS_SUPPRESSED_MS, sizeMax: 100_000 };

/** Copies of one message that are known. */
export const COPIES_MAX = 16;

/** Streams of which it is known how much was looked at. */
export const STREAMS_KNOWN_MAX = 10_000;

/** Whether a reader was given a message, or passed over it, or began behind it. */
export type Has = (stream: StreamId, seq: number) => boolean;

/** Turns the time at which a message was published into one that compares with those of other publishers. */
export type TimeOf = (message: Message) => number;

interface Copy {
  readonly stream: StreamId;
  readonly seq: number;
  readonly publishedAtMs: number;
}

/** Every message in (from, to] was looked at, or is too old to matter. */
interface Known {
  from: number;
  to: number;
}

/** Knows the copies under each key, see above. */
export class RepeatFilter {
  readonly #copies: ExpiringMap<string, readonly Copy[]>;
  readonly #known = new Map<StreamId, Known>();

  constructor(
    private readonly timeOf: TimeOf,
    bounds = KEYS_REMEMBERED,
  ) {
    this.#copies = new ExpiringMap(bounds);
  }

  /** Consecutive messages of a stream, as they come in; those that are expired by then nobody is given. */
  live(messages: readonly Message[], nowMs: number, isExpired: (message: Message) => boolean = () => false): void {
    const first = messages[0];
    const last = messages.at(-1);
    if (first === undefined || last === undefined) return;
    for (const message of messages) {
      if (message.idempotencyKey !== undefined && !isExpired(message)) this.#copiesOf(message, nowMs);
    }
    this.seen(first.stream.id, first.seq - 1, last.seq);
  }

  /** Messages that are read from the log. */
  note(messages: readonly Message[], nowMs: number): void {
    for (const message of messages) if (message.idempotencyKey !== undefined) this.#copiesOf(message, nowMs);
  }

  /** The part of a stream, after the one seq and up to the other, that was not looked at; undefined when there is none. */
  unseen({ stream, floor, frontier }: StreamExtent): { readonly after: number; readonly to: number } | undefined {
    const known = this.#known.get(stream.id);
    const isBeginningKnown = known !== undefined && known.from <= floor;
    const after = isBeginningKnown ? Math.max(known.to, floor) : floor;
    const to = known === undefined || known.to < frontier ? frontier : known.from;
    return to > after ? { after, to } : undefined;
  }

  /** A part of a stream was looked at, as far as it matters. */
  seen(stream: StreamId, after: number, to: number): void {
    const known = this.#known.get(stream);
    if (known !== undefined && after <= known.to && to >= known.from) {
      known.from = Math.min(known.from, after);
      known.to = Math.max(known.to, to);
    } else if (known === undefined || after > known.to) {
      // What lies before a part that was left out is looked at again when it matters.
      this.#known.delete(stream);
      this.#known.set(stream, { from: after, to });
    }
    if (this.#known.size <= STREAMS_KNOWN_MAX) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  /** Whether a reader has another copy of this message. */
  isRepeat(message: Message, has: Has, nowMs: number): boolean {
    if (message.idempotencyKey === undefined) return false;
    const copies = this.#copiesOf(message, nowMs);
    if (copies.length === 1) return false;
    const own = copies.find((copy) => isOf(copy, message));
    return copies.some((copy) => copy !== own && isNear(copy, own) && has(copy.stream, copy.seq));
  }

  #copiesOf(message: Message, nowMs: number): readonly Copy[] {
    const { stream, seq, idempotencyKey } = message;
    const key = `${stream.topic} ${idempotencyKey}`;
    const before = this.#copies.get(key, nowMs) ?? [];
    if (before.some((copy) => isOf(copy, message))) return before;
    const copies = [...before.slice(1 - COPIES_MAX), { stream: stream.id, seq, publishedAtMs: this.timeOf(message) }];
    this.#copies.set(key, copies, nowMs);
    return copies;
  }
}

function isOf(copy: Copy, { stream, seq }: Message): boolean {
  return copy.stream === stream.id && copy.seq === seq;
}

function isNear(copy: Copy, other: Copy | undefined): boolean {
  return other !== undefined && Math.abs(copy.publishedAtMs - other.publishedAtMs) <= REPEATS_SUPPRESSED_MS;
}
