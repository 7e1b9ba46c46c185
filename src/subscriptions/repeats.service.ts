import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Message } from '../gossip/bundles/message.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { StreamExtent } from '../gossip/store/bundle-store.js';
import { PeersService } from '../peers/peers.service.js';
import { Deadlines, type Deadline } from '../runtime/deadlines.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { RepeatFilter, REPEATS_SUPPRESSED_MS, type Has } from './repeat-filter.js';

/** Messages of the log that are looked at for one reader that comes from elsewhere, the newest of each stream. */
export const LEARNED_MESSAGES_MAX = 200_000;

/** So many streams are looked at before somebody waits at all. */
const STREAMS_A_LOOK = 256;

/** So long is read before others have their turn, in ms. */
const SLICE_MS = 8;

/** Tells repeats from messages, for every reader of this node: by what comes in, and by the log for what came before. */
@Injectable()
export class RepeatsService {
  readonly #filter = new RepeatFilter(({ stream, publishedAtMs }) =>
    this.peers.localTimeOf(stream.publisher, publishedAtMs),
  );
  readonly #learning = new Map<string, Learning>();
  #before: Promise<void> = Promise.resolve();

  constructor(
    private readonly gossip: GossipService,
    private readonly peers: PeersService,
    private readonly clock: SystemClock,
    private readonly deadlines: Deadlines,
  ) {}

  /** Consecutive messages of a stream that came in; those that are expired by then nobody is given. */
  live(messages: readonly Message[], isExpired: (message: Message) => boolean): void {
    this.#filter.live(messages, this.clock.monotonicMs(), isExpired);
  }

  isRepeat(message: Message, has: Has): boolean {
    return this.#filter.isRepeat(message, has, this.clock.monotonicMs());
  }

  /**
   * Resolves when the recent part of the log is known of all topics that match: a reader that got its messages elsewhere, or in an
   * earlier life of this node, may have one of them that nobody was given here. Resolves in `timeoutMs` at the latest; what is
   * still wanted is learned all the same.
   */
  async learn(pattern: string, { timeoutMs, isWanted }: Learner): Promise<void> {
    if (this.#isKnown(pattern)) return;
    const { wantedBy, done } = this.#learning.get(pattern) ?? this.#begin(pattern);
    wantedBy.add(isWanted);
    let deadline: Deadline | undefined;
    const over = new Promise<void>((resolve) => (deadline = this.deadlines.set(timeoutMs, resolve)));
    try {
      await Promise.race([done, over]);
    } finally {
      deadline?.cancel();
      if (!isWanted()) wantedBy.delete(isWanted);
    }
  }

  /** False as well when that cannot be said at once. */
  #isKnown(pattern: string): boolean {
    const sinceMs = this.#sinceMs();
    let looked = 0;
    for (const extent of this.gossip.extentsOf(pattern)) {
      if (++looked > STREAMS_A_LOOK) return false;
      if (extent.changedAtMs >= sinceMs && this.#filter.unseen(extent) !== undefined) return false;
    }
    return true;
  }

  /** One after the other: what many readers need is read once. */
  #begin(pattern: string): Learning {
    const wantedBy: Learning['wantedBy'] = new Set();
    const done = this.#before.then(() => this.#learn(pattern, wantedBy));
    const learning = { wantedBy, done };
    this.#learning.set(pattern, learning);
    this.#before = done.catch(() => undefined);
    return learning;
  }

  async #learn(pattern: string, wantedBy: Learning['wantedBy']): Promise<void> {
    try {
      const sinceMs = this.#sinceMs();
      const goOn = this.#turns(wantedBy);
      let left = LEARNED_MESSAGES_MAX;
      for (const extent of this.gossip.extentsOf(pattern)) {
        if (left <= 0 || !(await goOn())) return;
        if (extent.changedAtMs >= sinceMs) left -= await this.#read(extent, { sinceMs, limit: left, goOn });
      }
    } finally {
      this.#learning.delete(pattern);
    }
  }

  /** Returns how many messages it looked at. */
  async #read(extent: StreamExtent, { sinceMs, limit, goOn }: Reading): Promise<number> {
    const { stream } = extent;
    const unseen = this.#filter.unseen(extent);
    if (unseen === undefined) return 0;
    const recent = Math.max(unseen.after, this.gossip.seqBefore(stream.id, sinceMs));
    const after = Math.max(recent, unseen.to - limit);
    let next = after + 1;
    while (next <= unseen.to) {
      const { messages, nextSeq } = this.gossip.readStream(stream.id, next);
      this.#filter.note(messages, this.clock.monotonicMs());
      if (nextSeq <= next) break;
      next = nextSeq;
      if (!(await goOn())) break;
    }
    // Whatever could not be read, or was too much, is tried again for the next reader.
    this.#filter.seen(stream.id, after > recent ? after : unseen.after, next - 1);
    return next - 1 - after;
  }

  /** Lets others have their turn when it is time; false when nobody wants to know any more. */
  #turns(wantedBy: Learning['wantedBy']): () => Promise<boolean> {
    let untilMs = this.clock.monotonicMs() + SLICE_MS;
    return async () => {
      if (this.clock.monotonicMs() >= untilMs) {
        await nextTurn();
        untilMs = this.clock.monotonicMs() + SLICE_MS;
      }
      for (const isWanted of wantedBy) {
        if (isWanted()) return true;
        wantedBy.delete(isWanted);
      }
      return false;
    };
  }

  #sinceMs(): number {
    return this.clock.wallMs() - REPEATS_SUPPRESSED_MS;
  }
}

/** How long a reader waits, and until when it wants to know. */
interface Learner {
  readonly timeoutMs: number;
  readonly isWanted: () => boolean;
}

/** What is learned of a pattern, or is to be, and for whom. */
interface Learning {
  readonly wantedBy: Set<Learner['isWanted']>;
  readonly done: Promise<void>;
}

interface Reading {
  readonly sinceMs: number;
  readonly limit: number;
  readonly goOn: () => Promise<boolean>;
}
