/**
 * What the other end of a link has received of what was sent, as it says itself: a socket only tells what the kernel took, which may
 * be megabytes that nobody reads. Bounds what is on its way, so that probes do not queue behind it for long, and shows
 * a link that is open but stuck. A receipt stands in place of a record and begins like none, with an empty frame: 0, then how many
 * sealed bytes were received since the link began; receipts themselves do not count.
 */
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';

/** Bytes on their way without a receipt. Higher carries more over long ways, lower keeps probes quick on slow links. */
export const IN_FLIGHT_BYTES_MAX = 1024 * 1024;
/** A receipt is sent for so many bytes at once; for less with the next tick. */
export const RECEIPT_BYTES = 128 * 1024;
/** A link without any sign of progress for so long, while a receipt is due, is stuck. Above the longest pause that membership forgives. */
export const STUCK_MS = 15_000;
/** A peer that takes nothing of what was sent for so long does not read, whatever it sends. Above what a full link of 10 KiB/s needs. */
export const UNREAD_MS = 120_000;

/** First byte of a receipt: the length of an empty frame, of which records have none. */
const RECEIPT = 0;

export class LinkReceipts {
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  /** The last receipt or other progress, or when the first byte was sent that waits for one. */
  #progressMs = 0;
  /** The same, without what the other end sent. */
  #takenMs = 0;
  #receivedBytes = 0;
  #toldBytes = 0;

  /** Whether the other end should first say what it has. */
  get isFull(): boolean {
    return this.#sentBytes - this.#acknowledgedBytes >= IN_FLIGHT_BYTES_MAX;
  }

  sent(bytes: number, nowMs: number): void {
    if (this.#sentBytes === this.#acknowledgedBytes) this.taken(nowMs);
    this.#sentBytes += bytes;
  }

  /** False when it is none, or claims more than was sent. */
  acknowledged(receipt: Uint8Array, nowMs: number): boolean {
    const reader = new ByteReader(receipt.subarray(1));
    const bytes = reader.u48();
    if (!reader.isComplete || bytes > this.#sentBytes) return false;
    if (bytes > this.#acknowledgedBytes) this.taken(nowMs);
    this.#acknowledgedBytes = Math.max(this.#acknowledgedBytes, bytes);
    return true;
  }

  /** Something came: receipts of a slow link may wait behind data. */
  heard(nowMs: number): void {
    this.#progressMs = Math.max(this.#progressMs, nowMs);
  }

  /** The kernel took more of what was sent, or the other end has. */
  taken(nowMs: number): void {
    this.#takenMs = Math.max(this.#takenMs, nowMs);
    this.heard(nowMs);
  }

  /** This node stood still: what came meanwhile may lie unread in the socket. */
  excuse(byMs: number): void {
    this.#progressMs += byMs;
    this.#takenMs += byMs;
  }

  isStuck(nowMs: number): boolean {
    if (this.#sentBytes === this.#acknowledgedBytes) return false;
    return nowMs - this.#progressMs >= STUCK_MS || nowMs - this.#takenMs >= UNREAD_MS;
  }

  /** Counts what came; true when it is time to say so. */
  received(bytes: number): boolean {
    this.#receivedBytes += bytes;
    return this.#receivedBytes - this.#toldBytes >= RECEIPT_BYTES;
  }

  /** The receipt for all that came; undefined when there is nothing new to tell. */
  takeReceipt(): Buffer | undefined {
    if (this.#toldBytes === this.#receivedBytes) return undefined;
    this.#toldBytes = this.#receivedBytes;
    return new ByteWriter(8).u8(RECEIPT).u48(this.#receivedBytes).finish();
  }
}

/** Whether what was opened is a receipt and no record. */
export function isReceipt(opened: Uint8Array): boolean {
  return opened[0] === RECEIPT;
}
