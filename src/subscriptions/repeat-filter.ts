import type { Message } from '../gossip/message.js';
import type { StreamId } from '../gossip/stream.js';

/** How long a repeat is recognised, in ms; publishers remember keys equally long. */
export const REPEATS_SUPPRESSED_MS = 10 * 60_000;

/** Keys that are remembered; the oldest are forgotten first. */
const REPEAT_KEYS_MAX = 100_000;

interface First {
  readonly stream: StreamId;
  readonly seq: number;
  readonly publishedAtMs: number;
  readonly expiresMs: number;
}

/**
 * Knows which messages repeat another one: same topic, same idempotency key, published within ten minutes of each
 * other. The first that was seen here is the message, whoever asks and however often.
 */
export class RepeatFilter {
  readonly #firsts = new Map<string, First>();

  constructor(private readonly keysMax: number = REPEAT_KEYS_MAX) {}

  isRepeat(message: Message, nowMs: number): boolean {
    if (message.idempotencyKey === undefined) return false;
    this.#forgetExpired(nowMs);
    const { stream, seq, publishedAtMs } = message;
    const key = `${stream.topic} ${message.idempotencyKey}`;
    const first = this.#firsts.get(key);
    if (first !== undefined && Math.abs(first.publishedAtMs - publishedAtMs) <= REPEATS_SUPPRESSED_MS) {
      return first.stream !== stream.id || first.seq !== seq;
    }
    this.#firsts.delete(key);
    this.#firsts.set(key, { stream: stream.id, seq, publishedAtMs, expiresMs: nowMs + REPEATS_SUPPRESSED_MS });
    return false;
  }

  #forgetExpired(nowMs: number): void {
    // Insertion order is expiry order, as every entry lives equally long.
    for (const [key, { expiresMs }] of this.#firsts) {
      if (expiresMs > nowMs && this.#firsts.size <= this.keysMax) break;
      this.#firsts.delete(key);
    }
  }
}
