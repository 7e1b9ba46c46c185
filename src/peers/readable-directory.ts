import type { NodeRecord } from '../crypto/node-record.js';
import type { TopicPolicy } from '../crypto/topic-policy.js';
import type { DirectoryView, Row, RowsQuery } from './directory-view.js';
import type { InterestVersion } from './interest/interest-table.js';
import type { Member } from './membership/member.js';
import type { NodeId } from './node-id.js';

/** What a node wants in vain, in one version of its interest. */
interface Ignored extends InterestVersion {
  readonly patterns: readonly string[];
}

/**
 * The directory as the rules of this node let it be seen: interest in a topic by a node that may not read it, or is not admitted any more, counts
 * for nothing. So such a node is sent no bundle of the topic and no key, is not waited for, and does not take the topic in itself.
 */
export class ReadableDirectory implements DirectoryView {
  #interested = new WeakMap<readonly NodeId[], readonly NodeId[]>();
  /** Of each live node; holds until its interest or the rules change. */
  #ignored = new Map<NodeId, Ignored>();

  constructor(
    private readonly directory: () => DirectoryView,
    /** The topic policy as it is now. */
    private readonly policies: { readonly current: TopicPolicy },
    private readonly admission: { isAdmitted(record: NodeRecord): boolean },
  ) {}

  rightsChanged(): void {
    this.#interested = new WeakMap();
    this.#ignored.clear();
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

  naming(pattern: string): readonly NodeId[] {
    return this.directory()
      .naming(pattern)
      .filter((id) => this.#mayReadSome(id, pattern));
  }

  /** A node that may read some topics of a pattern is in its row. */
  rows(query: RowsQuery): readonly Row[] {
    return this.directory().rows({ ...query, counts: (id, pattern) => this.#mayReadSome(id, pattern) });
  }

  patterns(id: NodeId): Iterable<string> {
    return this.directory().patterns(id);
  }

  interestVersion(id: NodeId): InterestVersion | undefined {
    return this.directory().interestVersion(id);
  }

  /** Live nodes whose interest counts for nothing, and in what. */
  *ignored(): Iterable<{ readonly id: NodeId; readonly pattern: string }> {
    const former = this.#ignored;
    this.#ignored = new Map();
    for (const { id } of this.members()) {
      const interest = this.isLive(id) ? this.interestVersion(id) : undefined;
      if (interest === undefined) continue;
      const { epoch, version } = interest;
      const known = former.get(id);
      const isSame = known?.epoch === epoch && known.version === version;
      this.#ignored.set(id, isSame ? known : { epoch, version, patterns: this.#ignoredOf(id) });
    }
    for (const [id, { patterns }] of this.#ignored) for (const pattern of patterns) yield { id, pattern };
  }

  digest(): string {
    return this.directory().digest();
  }

  #counts(id: NodeId, topic: string): boolean {
    const member = this.member(id);
    if (member === undefined || !this.admission.isAdmitted(member.record)) return false;
    return this.policies.current.allows('read', id, topic);
  }

  #mayReadSome(id: NodeId, pattern: string): boolean {
    return this.policies.current.allowsSome('read', id, pattern);
  }

  #ignoredOf(id: NodeId): readonly string[] {
    return [...this.patterns(id)].filter((pattern) => !this.#mayReadSome(id, pattern));
  }
}
