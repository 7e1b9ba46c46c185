import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Message } from '../gossip/bundles/message.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { StreamExtent } from '../gossip/store/bundle-store.js';
import { PeersService } from '../peers/peers.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { RepeatFilter, REPEATS_SUPPRESSED_MS, type Has } from './repeat-filter.js';

/** Messages of the log that are looked at for one reader that comes from elsewhere, the newest of each stream. */
const LEARNED_MESSAGES_MAX = 200_000;

/** So long is read before others have their turn, in ms. */
const SLICE_MS = 8;

/** Tells repeats from messages, for every reader of this node: by what comes in, and by the log for what came before. */
@Injectable()
export class RepeatsService {
  readonly #filter = new RepeatFilter(({ stream, publishedAtMs }) =>
    this.peers.localTimeOf(stream.publisher, publishedAtMs),
  );
  #learning: Promise<void> = Promise.resolve();

  constructor(
    private readonly gossip: GossipService,
    private readonly peers: PeersService,
    private readonly clock: SystemClock,
  ) {}

  /** Consecutive messages of a stream that came in. */
  live(messages: readonly Message[]): void {
    this.#filter.live(messages, this.clock.monotonicMs());
  }

  isRepeat(message: Message, has: Has): boolean {
    return this.#filter.isRepeat(message, has, this.clock.monotonicMs());
  }

  /**
   * Resolves when the recent part of the log is known of all topics that match: a reader that got its messages elsewhere, or in an
   * earlier life of this node, may have one of them that nobody was given here.
   */
  learn(pattern: string): Promise<void> {
    // One after the other: what many readers need is read once.
    const learning = this.#learning.then(() => this.#learn(pattern));
    this.#learning = learning.catch(() => undefined);
    return learning;
  }

  async #learn(pattern: string): Promise<void> {
    const sinceMs = this.clock.wallMs() - REPEATS_SUPPRESSED_MS;
    const rest = this.#rests();
    let left = LEARNED_MESSAGES_MAX;
    for (const extent of this.gossip.extentsOf(pattern)) {
      await rest();
      if (extent.changedAtMs >= sinceMs) left -= await this.#read(extent, { sinceMs, limit: left, rest });
    }
  }

  /** Returns how many messages it looked at. */
  async #read(extent: StreamExtent, { sinceMs, limit, rest }: Reading): Promise<number> {
    const { stream } = extent;
    const unseen = this.#filter.unseen(extent);
    if (unseen === undefined) return 0;
    const after = Math.max(unseen.after, this.gossip.seqBefore(stream.id, sinceMs), unseen.to - limit);
    let next = after + 1;
    while (next <= unseen.to) {
      const { messages, nextSeq } = this.gossip.readStream(stream.id, next);
      this.#filter.note(messages, this.clock.monotonicMs());
      if (nextSeq <= next) break;
      next = nextSeq;
      await rest();
    }
    // Whatever could not be read is tried again for the next reader.
    this.#filter.seen(stream.id, unseen.after, next - 1);
    return next - 1 - after;
  }

  /** Lets others have their turn when it is time. */
  #rests(): () => Promise<void> {
    let untilMs = this.clock.monotonicMs() + SLICE_MS;
    return async () => {
      if (this.clock.monotonicMs() < untilMs) return;
      await nextTurn();
      untilMs = this.clock.monotonicMs() + SLICE_MS;
    };
  }
}

interface Reading {
  readonly sinceMs: number;
  readonly limit: number;
  readonly rest: () => Promise<void>;
}
