import type { Member } from '../membership/member.js';
import type { NodeId } from '../node-id.js';

/** What is to be dialled from now on, and what no longer. */
export interface DialChange {
  readonly keep?: string;
  readonly forget?: string;
}

/**
 * Which URLs are dialled for the sake of which member: those of the living and also of the dead, for they may only be cut
 * off. Who left comes back by itself. A URL is given up when no member and no setting wants it.
 */
export class MemberUrls {
  readonly #urls = new Map<NodeId, string>();

  constructor(private readonly isBootstrap: (url: string) => boolean) {}

  get count(): number {
    return this.#urls.size;
  }

  /** A member has this URL. */
  includes(url: string): boolean {
    for (const known of this.#urls.values()) if (known === url) return true;
    return false;
  }

  update(member: Member): DialChange {
    const url = member.state === 'left' ? undefined : member.url;
    if (this.#urls.get(member.id) === url) return {};
    const change = this.forget(member.id);
    if (url === undefined) return change;
    this.#urls.set(member.id, url);
    return change.forget === url ? { keep: url } : { ...change, keep: url };
  }

  forget(id: NodeId): DialChange {
    const url = this.#urls.get(id);
    if (url === undefined) return {};
    this.#urls.delete(id);
    return this.includes(url) || this.isBootstrap(url) ? {} : { forget: url };
  }
}
