import { covers } from '../../topics/covers.js';

/** What a client may do with topics. */
export type Deed = 'publish' | 'subscribe';

/** What a token lets its bearer do, and how long. */
export interface Grant {
  /** Names the client across its connections and tokens; undefined when the token names nobody. */
  readonly subject: string | undefined;
  /** Patterns of the topics that may be published to. */
  readonly publish: readonly string[];
  /** Patterns of the topics that may be read. */
  readonly subscribe: readonly string[];
  /** By the wall clock; never for a node that is open to all. */
  readonly expiresAtMs: number;
  /** Thumbprint of the key that signed the token. */
  readonly keyId: string | undefined;
}

/** What everybody may do at a node that asks for no token. */
export const OPEN_GRANT: Grant = {
  subject: undefined,
  publish: ['>'],
  subscribe: ['>'],
  expiresAtMs: Infinity,
  keyId: undefined,
};

/** Whether all that a valid topic or pattern may match is granted, by one of the grant's patterns. */
export function isGranted(grant: Grant, deed: Deed, topicOrPattern: string): boolean {
  return grant[deed].some((granted) => covers(granted, topicOrPattern));
}
