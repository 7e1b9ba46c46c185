import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NodeId } from '../../peers/node-id.js';
import type { Clock } from '../../runtime/clock.js';
import type { BundleEntry, BundleStore, HeldExtent } from '../store/bundle-store.js';
import type { LogTable } from './log-table.js';
import { chooseLosses, type RetentionBounds } from './retention.js';
import type { StreamId } from '../bundles/stream.js';

/** What retention has the log do. */
export interface RetentionHost {
  /** Drops the lowest bundles of a stream, up to `floor` and of so many bytes. */
  drop(extent: HeldExtent, floor: number, bytes: number): Promise<void>;
  forget(stream: StreamId): Promise<void>;
  forgetPublisher(publisher: NodeId): Promise<void>;
  forgetKey(keyId: string): Promise<void>;
}

const OLDEST_PER_SLICE = 256;
const ENTRIES_PER_PAGE = 64;
/** How long it works before others have their turn. */
const SLICE_MS = 4;

/** Goes through the log and has it drop what is too much or too old, a slice at a time. */
export class LogRetention {
  /** Per topic when its oldest bundle is too old, by the wall clock. */
  #expiresAtMs = new Map<string, number>();
  #unusedKeys = new Map<string, number>();
  #sliceStartedMs = 0;
  #isStopped = false;

  constructor(
    private readonly store: BundleStore,
    private readonly table: LogTable,
    private readonly bounds: RetentionBounds,
    private readonly clock: Clock,
    private readonly host: RetentionHost,
  ) {}

  stop(): void {
    this.#isStopped = true;
  }

  isOverBounds(topic: string): boolean {
    const { count, bytes } = this.table.usage(topic);
    const { retentionMessages, retentionBytes, dataBytes } = this.bounds;
    return count > retentionMessages || bytes > retentionBytes || this.table.bytes > dataBytes;
  }

  /** Resolves when nothing is too much or too old. */
  async sweep(): Promise<void> {
    this.#sliceStartedMs = this.clock.monotonicMs();
    const topics = [...this.table.topicNames()];
    for (const topic of topics) {
      while (!this.#isStopped && (await this.#trim(topic, 0))) await this.#pause();
      await this.#pause();
    }
    while (!this.#isStopped && this.table.bytes > this.bounds.dataBytes) {
      const largest = this.table.largestTopic();
      if (largest === undefined || !(await this.#trim(largest, this.table.bytes - this.bounds.dataBytes))) break;
      await this.#pause();
    }
    const names = new Set(topics);
    this.#expiresAtMs = new Map([...this.#expiresAtMs].filter(([topic]) => names.has(topic)));
    if (!this.#isStopped) await this.#forgetUnused();
  }

  /** Drops a slice of what is too much of a topic; false when nothing was. */
  async #trim(topic: string, excessInAll: number): Promise<boolean> {
    const nowMs = this.clock.wallMs();
    const usage = this.table.usage(topic);
    const excessBytes = Math.max(usage.bytes - this.bounds.retentionBytes, excessInAll);
    const excessMessages = usage.count - this.bounds.retentionMessages;
    const isExpired = (this.#expiresAtMs.get(topic) ?? 0) < nowMs;
    if (excessBytes <= 0 && excessMessages <= 0 && !isExpired) return false;
    const oldest = this.store.entries(topic, 0, OLDEST_PER_SLICE);
    const [first] = oldest;
    if (first === undefined) return false;
    this.#expiresAtMs.set(topic, first.receivedAtMs + this.bounds.retentionMs);
    const losses = chooseLosses(
      {
        oldest,
        lowest: (stream) => this.#lowest(stream),
        floorOf: (stream) => this.table.get(stream)?.floor ?? 0,
        excessBytes,
        excessMessages,
        expiredBeforeMs: nowMs - this.bounds.retentionMs,
      },
      OLDEST_PER_SLICE,
    );
    const drops = [...losses].flatMap(([stream, { floor, bytes }]) => {
      const extent = this.table.get(stream);
      return extent === undefined ? [] : [this.host.drop(extent, floor, bytes)];
    });
    await Promise.all(drops);
    return drops.length > 0;
  }

  *#lowest(stream: StreamId): Generator<BundleEntry> {
    let after = this.table.get(stream)?.floor ?? 0;
    for (;;) {
      const page = this.store.streamEntries(stream, after + 1, ENTRIES_PER_PAGE);
      yield* page;
      if (page.length < ENTRIES_PER_PAGE) return;
      after = page.at(-1)!.lastSeq;
    }
  }

  /** Extents of empty streams outlive their bundles, so that repair does not bring back at once what was dropped. */
  async #forgetUnused(): Promise<void> {
    const nowMs = this.clock.wallMs();
    const sinceMs = nowMs - 2 * this.bounds.retentionMs;
    for (const extent of this.table.extents()) {
      if (extent.changedAtMs >= sinceMs) break;
      if (extent.floor === extent.frontier) await this.host.forget(extent.stream.id);
      await this.#pause();
    }
    for (const publisher of this.store.publishers().keys()) {
      if (!this.table.hasPublisher(publisher)) await this.host.forgetPublisher(publisher);
    }
    const stillUnused = new Map<string, number>();
    for (const { keyId, stream } of this.store.keys().values()) {
      if (stream !== undefined) continue;
      const unusedSinceMs = this.#unusedKeys.get(keyId) ?? nowMs;
      if (unusedSinceMs < sinceMs) await this.host.forgetKey(keyId);
      else stillUnused.set(keyId, unusedSinceMs);
    }
    this.#unusedKeys = stillUnused;
  }

  async #pause(): Promise<void> {
    if (this.clock.monotonicMs() - this.#sliceStartedMs < SLICE_MS) return;
    await nextTurn();
    this.#sliceStartedMs = this.clock.monotonicMs();
  }
}
