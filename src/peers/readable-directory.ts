import type { NodeRecord } from '../crypto/node-record.js';
import type { TopicPolicy } from '../crypto/topic-policy.js';
import type { DirectoryView } from './directory-view.js';
import type { Member } from './membership/member.js';
import type { NodeId } from './node-id.js';

/**
 * The directory as the rules of this node let it be seen: interest in a topic by a node that may not read it, or is not admitted any more, counts
 * for nothing. So such a node is sent no bundle of the topic and no key, is not waited for, and does not take the topic in itself.
 */
export class ReadableDirectory implements DirectoryView {
  #interested = new WeakMap<readonly NodeId[], readonly NodeId[]>();
  #rows = new WeakMap<ReadonlyMap<string, readonly NodeId[]>, ReadonlyMap<string, readonly NodeId[]>>();

  constructor(
    private readonly directory: () => DirectoryView,
    /** The topic policy as it is now. */
    private readonly policies: { readonly current: TopicPolicy },
    private readonly admission: { isAdmitted(record: NodeRecord): boolean },
  ) {}

  rightsChanged(): void {
    this.#interested = new WeakMap();
    this.#rows = new WeakMap();
  }

  member(id: NodeId): Member | undefined {
    return this.directory().member(id);
  }

  members(): readonly Member[] {
    return this.directory().members();
  }

  isLive(id: NodeId): boolean {
    return this.directory().isLive(id);
  }

  interested(topic: string): readonly NodeId[] {
    const all = this.directory().interested(topic);
    let readers = this.#interested.get(all);
    if (readers === undefined) {
      readers = all.filter((id) => this.#counts(id, topic));
      this.#interested.set(all, readers);
    }
    return readers;
  }

  interestSince(id: NodeId, topic: string): number | undefined {
    return this.#counts(id, topic) ? this.directory().interestSince(id, topic) : undefined;
  }

  /** A node that may read some topics of a pattern is in its row. */
  rows(): ReadonlyMap<string, readonly NodeId[]> {
    const all = this.directory().rows();
    let rows = this.#rows.get(all);
    if (rows === undefined) {
      const readable = [...all].map(([pattern, ids]) => [pattern, this.#readersOf(pattern, ids)] as const);
      rows = new Map(readable.filter(([, ids]) => ids.length > 0));
      this.#rows.set(all, rows);
    }
    return rows;
  }

  /** Live nodes whose interest counts for nothing, and in what. */
  *ignored(): Iterable<{ readonly id: NodeId; readonly pattern: string }> {
    for (const [pattern, ids] of this.directory().rows()) {
      for (const id of ids) if (!this.policies.current.allowsSome('read', id, pattern)) yield { id, pattern };
    }
  }

  digest(): string {
    return this.directory().digest();
  }

  #counts(id: NodeId, topic: string): boolean {
    const member = this.member(id);
    if (member === undefined || !this.admission.isAdmitted(member.record)) return false;
    return this.policies.current.allows('read', id, topic);
  }

  #readersOf(pattern: string, ids: readonly NodeId[]): readonly NodeId[] {
    return ids.filter((id) => this.policies.current.allowsSome('read', id, pattern));
  }
}
