import type { Member } from '../membership/member.js';
import type { NodeId } from '../node-id.js';

/** Addresses of members that are forgotten and that were linked once; tried again for ever, the oldest give way. */
export const OLD_URLS_MAX = 64;

/** What is to be dialled from now on, what only now and then, and what no longer. */
export interface DialChange {
  readonly keep?: string;
  readonly keepRarely?: string;
  readonly forget?: string;
}

/**
 * Which URLs are dialled for the sake of which member: those of the living and also of the dead, for they may only be cut
 * off. Who left comes back by itself. Some of those who were dead for so long that they are forgotten are tried now and then,
 * so that the halves of a split that lasted for days find each other. A URL is given up when nobody and no setting wants it.
 */
export class MemberUrls {
  readonly #urls = new Map<NodeId, string>();
  readonly #old = new Map<NodeId, string>();

  constructor(private readonly isBootstrap: (url: string) => boolean) {}

  get count(): number {
    return this.#urls.size;
  }

  /** A member has this URL, or had it when it was forgotten. */
  includes(url: string): boolean {
    return [...this.#urls.values(), ...this.#old.values()].includes(url);
  }

  update(member: Member): DialChange {
    const url = member.state === 'left' ? undefined : member.url;
    const before = this.#urls.get(member.id) ?? this.#old.get(member.id);
    const isKept = this.#urls.has(member.id);
    if (isKept && before === url) return {};
    const change = this.forget(member.id);
    if (url === undefined) return change;
    this.#urls.set(member.id, url);
    return change.forget === url ? { keep: url } : { ...change, keep: url };
  }

  forget(id: NodeId): DialChange {
    const url = this.#urls.get(id) ?? this.#old.get(id);
    this.#urls.delete(id);
    this.#old.delete(id);
    return url === undefined ? {} : this.#givenUp(url);
  }

  /** The member is forgotten, and may still be there. */
  outlive(id: NodeId): DialChange {
    const url = this.#urls.get(id);
    if (url === undefined) return {};
    this.#urls.delete(id);
    const [oldest] = this.#old.keys();
    const change = this.#old.size >= OLD_URLS_MAX && oldest !== undefined ? this.forget(oldest) : {};
    this.#old.set(id, url);
    const isWanted = [...this.#urls.values()].includes(url) || this.isBootstrap(url);
    return isWanted ? change : { ...change, keepRarely: url };
  }

  #givenUp(url: string): DialChange {
    return this.includes(url) || this.isBootstrap(url) ? {} : { forget: url };
  }
}
