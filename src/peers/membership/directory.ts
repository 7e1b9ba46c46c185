import { createHash } from 'node:crypto';
import type { NodeRecord } from '../../crypto/node-record.js';
import type { DirectoryView, Row, RowsQuery } from '../directory-view.js';
import type { SignedInterestSegment } from '../interest/interest-segment.js';
import { RowPage } from '../interest/row-page.js';
import { InterestTable, type InterestVersion, type SegmentOutcome } from '../interest/interest-table.js';
import { compareFreshness, isLiveState, type Member, type MemberState } from './member.js';
import type { NodeId } from '../node-id.js';

/** Members remembered at most; beyond that the longest dead make room, and then strangers are refused. */
export const MEMBERS_MAX = 4_096;

/**
 * Who is in the cluster and what each wants. Records and interests have one writer each, so merging is a matter of which is
 * fresher: commutative, associative, idempotent. What is verified is the caller's affair.
 */
export class Directory implements DirectoryView {
  readonly self: NodeId;
  readonly #entries = new Map<NodeId, Entry>();
  readonly #recordsHeld = new Set<string>();
  readonly #interests = new InterestTable();
  readonly #cache = new Cache();

  constructor(own: { readonly record: NodeRecord; readonly jws: string }) {
    this.self = own.record.id;
    this.putRecord(own.record, own.jws, { state: 'alive', sinceMs: 0 });
  }

  member(id: NodeId): Member | undefined {
    return this.#entries.get(id)?.member;
  }

  members(): readonly Member[] {
    return (this.#cache.members ??= [...this.#entries.values()].map((entry) => entry.member).sort(byId));
  }

  live(): readonly Member[] {
    return (this.#cache.live ??= this.members().filter((member) => isLiveState(member.state)));
  }

  isLive(id: NodeId): boolean {
    const member = this.member(id);
    return member !== undefined && isLiveState(member.state);
  }

  /** Since when, by the local monotonic clock, it is seen in its state. */
  stateSinceMs(id: NodeId): number {
    return this.#entries.get(id)?.sinceMs ?? 0;
  }

  /** Whether exactly this signed record is held; asked before its signature is verified. */
  hasRecord(jws: string): boolean {
    return this.#recordsHeld.has(jws);
  }

  get isFull(): boolean {
    return this.#entries.size >= MEMBERS_MAX;
  }

  /** The first of those who are dead or left now; it makes room when there is none. */
  longestGone(): NodeId | undefined {
    const gone = [...this.#entries.values()].filter((entry) => !isLiveState(entry.member.state));
    return gone.sort((a, b) => a.sinceMs - b.sinceMs || byId(a.member, b.member))[0]?.member.id;
  }

  /** Puts a fresher record; false when an equally fresh or fresher one is held. */
  putRecord(record: NodeRecord, jws: string, seen: { readonly state: MemberState; readonly sinceMs: number }): boolean {
    const known = this.#entries.get(record.id)?.member;
    if (known !== undefined && compareFreshness(record, known) <= 0) return false;
    if (known !== undefined) this.#recordsHeld.delete(known.recordJws);
    const { id, name, url, epoch, incarnation } = record;
    const state = record.status === 'left' ? 'left' : seen.state;
    this.#recordsHeld.add(jws);
    this.#entries.set(id, {
      member: { id, name, url, epoch, incarnation, state, record, recordJws: jws },
      sinceMs: seen.sinceMs,
    });
    this.#cache.clear();
    return true;
  }

  setState(id: NodeId, state: MemberState, nowMs: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.member.state === state) return;
    this.#entries.set(id, { member: { ...entry.member, state }, sinceMs: nowMs });
    this.#cache.clear();
  }

  forget(id: NodeId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#recordsHeld.delete(entry.member.recordJws);
    this.#entries.delete(id);
    this.#interests.forget(id);
    this.#cache.clear();
  }

  /** `isMet`: there was a sign of life of its subject, or it is this node itself. */
  mergeSegment(segment: SignedInterestSegment, isMet = true): SegmentOutcome {
    const outcome = this.#interests.merge(segment, isMet);
    if (outcome === 'applied') this.#cache.clear();
    return outcome;
  }

  /** Whether merging it could change anything; asked before its signature is verified. */
  isSegmentNews(segment: SignedInterestSegment): boolean {
    return this.#interests.isNews(segment);
  }

  segments(id: NodeId): readonly SignedInterestSegment[] {
    return this.#interests.segments(id);
  }

  interestVersion(id: NodeId): InterestVersion | undefined {
    return this.#interests.version(id);
  }

  interested(topic: string): readonly NodeId[] {
    return this.#audience(topic).live;
  }

  interestSince(id: NodeId, topic: string): number | undefined {
    return this.#audience(topic).since.get(id);
  }

  naming(pattern: string): readonly NodeId[] {
    return this.#interests
      .naming(pattern)
      .filter((id) => this.isLive(id))
      .sort();
  }

  /** Nothing is sorted but the page: what may be asked at any time must not cost what all nodes want together. */
  rows({ after, limit, isShown, counts = () => true }: RowsQuery): readonly Row[] {
    const page = new RowPage(after, limit);
    for (const pattern of this.#interests.named()) {
      if (!page.hasPlaceFor(pattern) || !isShown(pattern)) continue;
      const nodes = this.naming(pattern).filter((id) => counts(id, pattern));
      if (nodes.length > 0) page.add({ pattern, nodes });
    }
    return page.rows;
  }

  patterns(id: NodeId): Iterable<string> {
    return this.#interests.patterns(id);
  }

  digest(): string {
    return (this.#cache.digest ??= this.#makeDigest());
  }

  #audience(topic: string): Audience {
    let audience = this.#cache.audiences.get(topic);
    if (audience === undefined) {
      const since = this.#interests.wanting(topic);
      audience = { since, live: [...since.keys()].filter((id) => this.isLive(id)).sort() };
      if (this.#cache.audiences.size >= AUDIENCES_MAX) this.#cache.audiences.clear();
      this.#cache.audiences.set(topic, audience);
    }
    return audience;
  }

  #makeDigest(): string {
    const hash = createHash('sha256');
    for (const { id, epoch, incarnation, state } of this.members()) {
      // A suspicion is a matter of seconds and of the one who holds it; what all must agree on is who lives.
      const fate = isLiveState(state) ? 'live' : state;
      const interest = this.interestVersion(id);
      hash.update(`${id} ${epoch} ${incarnation} ${fate} ${interest?.epoch ?? 0} ${interest?.version ?? 0}\n`);
    }
    return hash.digest().subarray(0, DIGEST_BYTES).toString('base64url');
  }
}

/** Length of a directory digest on the wire. */
export const DIGEST_BYTES = 8;

/** Topics whose audience is remembered between two changes. */
const AUDIENCES_MAX = 10_000;

interface Entry {
  readonly member: Member;
  readonly sinceMs: number;
}

interface Audience {
  readonly since: ReadonlyMap<NodeId, number>;
  readonly live: readonly NodeId[];
}

/** What was derived from members and interests; all of it is dropped at each change. */
class Cache {
  readonly audiences = new Map<string, Audience>();
  members: readonly Member[] | undefined;
  live: readonly Member[] | undefined;
  digest: string | undefined;

  clear(): void {
    this.audiences.clear();
    this.members = this.live = this.digest = undefined;
  }
}

function byId(a: Member, b: Member): number {
  return a.id < b.id ? -1 : 1;
}
