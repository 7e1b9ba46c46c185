import type { Message } from '../../../src/gossip/bundles/message.js';
import { streamOf } from '../../../src/gossip/bundles/stream.js';

export const STREAM = streamOf('chat', 'Fb1eJ6PqgXVG0UvwaEOZtW7VN6ywmPTjZUoSTrXfSLc', 1_764_000_000_000);

/** A message as gossip delivers it, with what a test cares about. */
export function messageOf(given: Partial<Message> = {}): Message {
  return {
    stream: STREAM,
    seq: 7,
    publisherName: 'A',
    publishedAtMs: Date.UTC(2026, 0, 31, 12),
    ttlMs: undefined,
    headers: undefined,
    idempotencyKey: undefined,
    encoding: 'json',
    payload: Buffer.from('"hello"'),
    ...given,
  };
}
