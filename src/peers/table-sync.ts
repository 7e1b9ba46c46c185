import type { AccusationBook } from './accusation-book.js';
import type { Directory } from './directory.js';
import { compareFreshness, isLiveState, type Member } from './member.js';
import type { NodeId } from './node-id.js';
import { PAGE_BYTES_MAX, type PeerFrame, type SyncEntry, type SyncPage } from './peer-frames.js';

/** What a page leads to: frames with what the sender lacks, and the ids whose news this node wants in turn. */
export interface SyncAnswer {
  readonly frames: readonly PeerFrame[];
  readonly wanted: readonly NodeId[];
}

/**
 * Anti-entropy of the directory: one node shows how fresh its knowledge is, in pages by id; the other sends what is newer here and
 * asks for what is newer there. No state is kept between the steps.
 */
export class TableSync {
  constructor(
    private readonly directory: Directory,
    private readonly book: AccusationBook,
  ) {}

  /** The whole table as pages. */
  pages(): readonly SyncPage[] {
    const entries = this.directory.members().map((member) => this.#entry(member));
    const pages: SyncPage[] = [];
    for (let from = 0; from < entries.length; from += ENTRIES_PER_PAGE) {
      const page = entries.slice(from, from + ENTRIES_PER_PAGE);
      const isLast = from + ENTRIES_PER_PAGE >= entries.length;
      pages.push({
        type: 'sync-page',
        after: entries[from - 1]?.id,
        upTo: isLast ? undefined : page.at(-1)?.id,
        entries: page,
      });
    }
    return pages;
  }

  answer(page: SyncPage, nowMs: number): SyncAnswer {
    const theirs = new Map(page.entries.map((entry) => [entry.id, entry]));
    const inRange = (id: NodeId): boolean =>
      (page.after === undefined || id > page.after) && (page.upTo === undefined || id <= page.upTo);
    const offered = this.directory.members().filter(({ id }) => inRange(id) && this.#isNewerHere(id, theirs.get(id)));
    const wanted = page.entries.filter((entry) => this.#isNewerThere(entry)).map((entry) => entry.id);
    return { frames: this.tell(offered, nowMs, theirs), wanted };
  }

  /** All that is known of these members, or only what is newer than what the other has, in frames of bounded size. */
  tell(members: readonly Member[], nowMs: number, theirs?: ReadonlyMap<NodeId, SyncEntry>): readonly PeerFrame[] {
    const items = members
      .filter((member) => !sameRecord(member, theirs?.get(member.id)))
      .map((member) => {
        const stateAgeMs = Math.max(0, Math.floor(nowMs - this.directory.stateSinceMs(member.id)));
        return { jws: member.recordJws, state: member.state, stateAgeMs };
      });
    const accusations = members.flatMap((member) => this.book.against(member.id));
    const segments = members.flatMap((member) => this.directory.segments(member.id).map((segment) => segment.bytes));
    return [
      ...inPages(items, (item) => item.jws.length + 16).map((page) => ({ type: 'records', items: page }) as const),
      ...inPages(accusations, () => 160).map((page) => ({ type: 'accusations', accusations: page }) as const),
      ...inPages(segments, (bytes) => bytes.length + 4).map((page) => ({ type: 'segments', segments: page }) as const),
    ];
  }

  #entry(member: Member): SyncEntry {
    const { id, epoch, incarnation, state } = member;
    const interest = this.directory.interestVersion(id);
    return {
      id,
      epoch,
      incarnation,
      state,
      interestEpoch: interest?.epoch ?? 0,
      interestVersion: interest?.version ?? 0,
    };
  }

  #isNewerHere(id: NodeId, theirs: SyncEntry | undefined): boolean {
    const member = this.directory.member(id);
    if (member === undefined) return false;
    return theirs === undefined || isNewer(this.#entry(member), theirs);
  }

  #isNewerThere(theirs: SyncEntry): boolean {
    const member = this.directory.member(theirs.id);
    return member === undefined || isNewer(theirs, this.#entry(member));
  }
}

/** Cuts into runs whose sizes add up to a page at most; an item that is larger stands alone. */
export function inPages<T>(items: readonly T[], bytesOf: (item: T) => number): T[][] {
  const pages: T[][] = [];
  let roomBytes = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    const page = pages.at(-1);
    if (page === undefined || bytes > roomBytes) {
      pages.push([item]);
      roomBytes = PAGE_BYTES_MAX - bytes;
    } else {
      page.push(item);
      roomBytes -= bytes;
    }
  }
  return pages;
}

/** A sync entry takes 59 bytes at most. */
const ENTRIES_PER_PAGE = 1_024;

function isNewer(a: SyncEntry, b: SyncEntry): boolean {
  const order = compareFreshness(a, b);
  const isDeadHere = order === 0 && !isLiveState(a.state) && isLiveState(b.state);
  const interestOrder = a.interestEpoch - b.interestEpoch || a.interestVersion - b.interestVersion;
  return order > 0 || isDeadHere || interestOrder > 0;
}

function sameRecord(member: Member, theirs: SyncEntry | undefined): boolean {
  return theirs !== undefined && compareFreshness(member, theirs) === 0;
}
