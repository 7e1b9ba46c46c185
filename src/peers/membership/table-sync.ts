import type { AccusationBook } from './accusation-book.js';
import type { SignedAccusation } from './accusation.js';
import type { Directory } from './directory.js';
import { compareFreshness, isLiveState, type Member } from './member.js';
import type { NodeId } from '../node-id.js';
import { PAGE_BYTES_MAX, type PeerFrame, type RecordItem, type SyncEntry, type SyncPage } from './peer-frames.js';

/** An answer to a request stops at this size; with the node that passes it, which may take as much again and more. */
export const TELL_BYTES = 256 * 1024;

/** What a page leads to: frames with or about what the sender lacks, and what is fresher there. */
export interface SyncAnswer {
  readonly frames: readonly PeerFrame[];
  readonly wanted: readonly SyncEntry[];
}

/**
 * Anti-entropy of the directory: one node shows how fresh its knowledge is, in pages by id; the other sends the little or offers the
 * much that is fresher here, and requests what is fresher there. Every answer is bounded, and no state is kept between the
 * steps: what is still to be fetched is remembered by who fetches it.
 */
export class TableSync {
  constructor(
    private readonly directory: Directory,
    private readonly book: AccusationBook,
  ) {}

  /** How fresh the whole table is. */
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

  /** What fits one page is told at once, so that small tables need no request; the rest is offered. */
  answer(page: SyncPage, nowMs: number): SyncAnswer {
    const theirs = new Map(page.entries.map((entry) => [entry.id, entry]));
    const told: Knowledge[] = [];
    const offered: SyncEntry[] = [];
    let roomBytes = PAGE_BYTES_MAX;
    for (const member of this.#membersIn(page)) {
      const entry = this.#entry(member);
      const known = theirs.get(member.id);
      if (known !== undefined && !isFresher(entry, known)) continue;
      const knowledge = this.#knowledge(member, nowMs, known);
      if (knowledge.bytes > roomBytes) offered.push(entry);
      else told.push(knowledge);
      if (knowledge.bytes <= roomBytes) roomBytes -= knowledge.bytes;
    }
    const wanted = page.entries.filter((entry) => this.isFresherThere(entry));
    return { frames: [...framesOf(told), ...offersOf(offered)], wanted };
  }

  /** All that is known of these nodes, in this order until the answer is full, and of whom it tells. */
  tell(ids: readonly NodeId[], nowMs: number): readonly PeerFrame[] {
    const told: Knowledge[] = [];
    let bytes = 0;
    let count = 0;
    for (; count < ids.length && bytes < TELL_BYTES; count++) {
      const member = this.directory.member(ids[count]!);
      if (member === undefined) continue;
      const knowledge = this.#knowledge(member, nowMs);
      told.push(knowledge);
      bytes += knowledge.bytes;
    }
    return [...framesOf(told), { type: 'sync-told', ids: ids.slice(0, count) }];
  }

  /** For a peer that said something outdated of this member: what corrects it, and an offer of the rest. */
  correct(member: Member, nowMs: number): readonly PeerFrame[] {
    const { items, accusations } = this.#knowledge(member, nowMs);
    return [...framesOf([{ items, accusations, segments: [], bytes: 0 }]), ...offersOf([this.#entry(member)])];
  }

  isFresherThere(theirs: SyncEntry): boolean {
    const member = this.directory.member(theirs.id);
    return member === undefined || isFresher(theirs, this.#entry(member));
  }

  #membersIn({ after, upTo }: SyncPage): readonly Member[] {
    return this.directory
      .members()
      .filter(({ id }) => (after === undefined || id > after) && (upTo === undefined || id <= upTo));
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

  /** All of it, or only what the other lacks when it is known what it has. */
  #knowledge(member: Member, nowMs: number, theirs?: SyncEntry): Knowledge {
    const stateAgeMs = Math.max(0, Math.floor(nowMs - this.directory.stateSinceMs(member.id)));
    const item = { jws: member.recordJws, state: member.state, stateAgeMs };
    const isRecordKnown = theirs !== undefined && compareFreshness(member, theirs) === 0;
    const isInterestKnown = theirs !== undefined && compareInterest(this.#entry(member), theirs) <= 0;
    const items = isRecordKnown ? [] : [item];
    const accusations = this.book.against(member.id);
    const segments = isInterestKnown ? [] : this.directory.segments(member.id).map((segment) => segment.bytes);
    const bytes =
      sum(items.map(bytesOfItem)) + accusations.length * ACCUSATION_BYTES_MAX + sum(segments.map(bytesOfSegment));
    return { items, accusations, segments, bytes };
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

/** What can be told of one node. */
interface Knowledge {
  readonly items: readonly RecordItem[];
  readonly accusations: readonly SignedAccusation[];
  readonly segments: readonly Buffer[];
  readonly bytes: number;
}

const ENTRY_BYTES_MAX = 59;
const ENTRIES_PER_PAGE = 1_024;
const ACCUSATION_BYTES_MAX = 160;

function framesOf(told: readonly Knowledge[]): PeerFrame[] {
  const items = told.flatMap((knowledge) => knowledge.items);
  const accusations = told.flatMap((knowledge) => knowledge.accusations);
  const segments = told.flatMap((knowledge) => knowledge.segments);
  return [
    ...inPages(items, bytesOfItem).map((page) => ({ type: 'records', items: page }) as const),
    ...inPages(accusations, () => ACCUSATION_BYTES_MAX).map(
      (page) => ({ type: 'accusations', accusations: page }) as const,
    ),
    ...inPages(segments, bytesOfSegment).map((page) => ({ type: 'segments', segments: page }) as const),
  ];
}

/** Pages of an empty range: nothing is to be sent back, only requested. */
function offersOf(entries: readonly SyncEntry[]): SyncPage[] {
  return inPages(entries, () => ENTRY_BYTES_MAX).map((page) => {
    const end = page[0]!.id;
    return { type: 'sync-page', after: end, upTo: end, entries: page };
  });
}

function bytesOfItem(item: RecordItem): number {
  return item.jws.length + 16;
}

function bytesOfSegment(bytes: Buffer): number {
  return bytes.length + 4;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function isFresher(a: SyncEntry, b: SyncEntry): boolean {
  const order = compareFreshness(a, b);
  const isDeadHere = order === 0 && !isLiveState(a.state) && isLiveState(b.state);
  return order > 0 || isDeadHere || compareInterest(a, b) > 0;
}

function compareInterest(a: SyncEntry, b: SyncEntry): number {
  return a.interestEpoch - b.interestEpoch || a.interestVersion - b.interestVersion;
}
