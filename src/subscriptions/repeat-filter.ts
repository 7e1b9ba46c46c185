import type { Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import { ExpiringMap, type ExpiryBounds } from '../runtime/expiring-map.js';

/** How long a repeat is recognised, in ms; publishers remember keys equally long. */
export const REPEATS_SUPPRESSED_MS = 10 * 60_000;

/** How long idempotency keys are remembered, and how many of them: at subscribers as at publishers. */
export const KEYS_REMEMBERED: ExpiryBounds = { keptMs: REPEATS_SUPPRESSED_MS, sizeMax: 100_000 };

interface First {
  readonly stream: StreamId;
  readonly seq: number;
  readonly publishedAtMs: number;
}

/**
 * Knows which messages repeat another one: same topic, same idempotency key, published within ten minutes of each
 * other. The first that was seen here is the message, whoever asks and however often.
 */
export class RepeatFilter {
  readonly #firsts: ExpiringMap<string, First>;

  constructor(bounds = KEYS_REMEMBERED) {
    this.#firsts = new ExpiringMap(bounds);
  }

  isRepeat(message: Message, nowMs: number): boolean {
    if (message.idempotencyKey === undefined) return false;
    const { stream, seq, publishedAtMs } = message;
    const key = `${stream.topic} ${message.idempotencyKey}`;
    const first = this.#firsts.get(key, nowMs);
    if (first !== undefined && Math.abs(first.publishedAtMs - publishedAtMs) <= REPEATS_SUPPRESSED_MS) {
      return first.stream !== stream.id || first.seq !== seq;
    }
    this.#firsts.set(key, { stream: stream.id, seq, publishedAtMs }, nowMs);
    return false;
  }
}
