import type { Gap, Message } from '../gossip/bundles/message.js';

/** What a subscriber is to be given next: messages that became ready together, or word of some that cannot be had. */
export type Delivery = { readonly messages: readonly Message[] } | { readonly gap: Gap };

/** When an outbox is full. */
export interface OutboxBounds {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/**
 * What waits for one subscriber, in order. At its bound it takes nothing more and says so; what then happens to the
 * subscriber is its owner's choice. Gaps weigh nothing but count as a message each.
 */
export class Outbox {
  #waiting: { messages: readonly Message[]; bytes: number; gap: Gap | undefined }[] = [];
  #count = 0;
  #bytes = 0;

  constructor(private readonly bounds: OutboxBounds) {}

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False when they do not fit; then none of them was taken. An empty outbox takes any bundle. */
  offer(messages: readonly Message[], bytes: number): boolean {
    if (!this.isEmpty && !this.#hasRoomFor(messages.length, bytes)) return false;
    this.#push({ messages, bytes, gap: undefined }, messages.length);
    return true;
  }

  /** False when the outbox is full. */
  offerGap(gap: Gap): boolean {
    if (!this.isEmpty && !this.#hasRoomFor(1, 0)) return false;
    this.#push({ messages: [], bytes: 0, gap }, 1);
    return true;
  }

  /** Whole bundles up to about `messagesMax` messages, at least one; or a gap; undefined when nothing waits. */
  take(messagesMax: number): Delivery | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    if (first.gap !== undefined) {
      this.#drop(1);
      return { gap: first.gap };
    }
    let taken = 1;
    let count = first.messages.length;
    for (let next = this.#waiting[taken]; next?.gap === undefined && next !== undefined; next = this.#waiting[taken]) {
      if (count + next.messages.length > messagesMax) break;
      count += next.messages.length;
      taken++;
    }
    const bundles = this.#drop(taken);
    return { messages: taken === 1 ? first.messages : joined(bundles) };
  }

  /** Drops what waits of the topics that are not wanted any more. */
  keep(isWanted: (topic: string) => boolean): void {
    const kept = this.#waiting.filter(({ messages, gap }) => isWanted((gap ?? messages[0])?.stream.topic ?? ''));
    this.#waiting = [];
    this.#count = 0;
    this.#bytes = 0;
    for (const entry of kept) this.#push(entry, Math.max(1, entry.messages.length));
  }

  #hasRoomFor(count: number, bytes: number): boolean {
    return this.#count + count <= this.bounds.messagesMax && this.#bytes + bytes <= this.bounds.bytesMax;
  }

  #push(entry: { messages: readonly Message[]; bytes: number; gap: Gap | undefined }, count: number): void {
    this.#waiting.push(entry);
    this.#count += count;
    this.#bytes += entry.bytes;
  }

  #drop(entries: number): { messages: readonly Message[] }[] {
    const dropped = this.#waiting.splice(0, entries);
    for (const { messages, bytes } of dropped) {
      this.#count -= Math.max(1, messages.length);
      this.#bytes -= bytes;
    }
    return dropped;
  }
}

/** Whole bundles one behind the other, copied by the engine and not one message at a time. */
function joined(bundles: readonly { readonly messages: readonly Message[] }[]): Message[] {
  return ([] as Message[]).concat(...bundles.map(({ messages }) => messages));
}
