import type { LinkCloseReason } from './links.js';

/** Why nobody came behind a URL that was dialled. */
export type DialFailure = LinkCloseReason | 'not-in-peer-networks';

/** What an operator has to look at; reasons that pass by themselves are not among them. */
const CAUSES: Partial<Record<DialFailure, { readonly ours: string; readonly theirs: string }>> = {
  'wrong-secret': same('it has another CLUSTER_SECRET than this node'),
  'wrong-cluster': same('it has another CLUSTER_NAME than this node'),
  'bad-record': {
    ours: 'this node does not admit it: its key is not in ALLOWED_KEYS_FILE, or its record is not valid',
    theirs:
      'it does not admit this node: the key of this node is not in its ALLOWED_KEYS_FILE, or its record is not valid',
  },
  'bad-hello': same('it is no node of Grapevine'),
  'no-common-version': same(
    'it speaks no version of the protocol that this node speaks; upgrade nodes one release at a time',
  ),
  'bad-signature': same('it could not prove who it is'),
  quarantined: {
    ours: 'this node has shut it out for a while: it sent malformed or forged frames',
    theirs: 'it has shut this node out for a while: it got malformed or forged frames from here',
  },
  'not-in-peer-networks': same('its address is in none of the networks of PEER_NETWORKS'),
};

/** Which failures an operator was told of: each reason once a URL, until there is a link to who is behind it. */
export class DialRefusals {
  readonly #told = new Map<string, Set<DialFailure>>();

  /** What to tell of it, in words; undefined when it was told, or passes by itself. */
  explain(url: string, reason: DialFailure, isOurs: boolean): string | undefined {
    const cause = CAUSES[reason];
    if (cause === undefined) return undefined;
    let told = this.#told.get(url);
    if (told === undefined) {
      if (this.#told.size >= URLS_MAX) this.#told.clear();
      this.#told.set(url, (told = new Set()));
    }
    if (told.has(reason)) return undefined;
    told.add(reason);
    return isOurs ? cause.ours : cause.theirs;
  }

  /** There is a link now: what comes later is news. */
  linked(urls: readonly string[]): void {
    for (const url of urls) this.#told.delete(url);
  }
}

/** Beyond that all are forgotten, and told again. */
const URLS_MAX = 1_024;

function same(text: string): { readonly ours: string; readonly theirs: string } {
  return { ours: text, theirs: text };
}
