import type { LinkCloseReason } from './links.js';

const REASONS: ReadonlySet<string> = new Set<LinkCloseReason>([
  'transport',
  'shutdown',
  'replaced',
  'self',
  'bad-hello',
  'no-common-version',
  'wrong-secret',
  'wrong-cluster',
  'bad-record',
  'bad-signature',
  'bad-frame',
  'handshake-timeout',
  'too-many-handshakes',
  'overflow',
  'stuck',
  'stale',
  'quarantined',
]);

/** What a peer said of why it closes; anything we do not know is a transport that went away. */
export function closeReasonOf(told: unknown): LinkCloseReason {
  return typeof told === 'string' && REASONS.has(told) ? (told as LinkCloseReason) : 'transport';
}
