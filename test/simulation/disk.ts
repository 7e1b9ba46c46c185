import type { StreamId } from '../../src/gossip/bundles/stream.js';
import { MemoryLog, type Flushed, type LostExtent } from './memory-log.js';

/** Where a node's log lies: outlives the node, may be slow, full or wiped, and remembers what was lost with it. */
export class Disk {
  log = new MemoryLog();
  commitMs = 2;
  /** Writes fail. */
  isFull = false;
  readonly #lost = new Map<StreamId, LostExtent[]>();

  flush(): Flushed {
    if (!this.isFull) return this.log.flush();
    this.log.hasFailed = true;
    return this.log.undo();
  }

  /** The node was killed. */
  crash(): void {
    this.log.undo();
  }

  /** The node gave a stream up. */
  forget(stream: StreamId): void {
    this.#lose(stream);
    this.log.forget(stream);
  }

  wipe(): void {
    for (const { stream } of this.log.extents()) this.#lose(stream.id);
    this.log = new MemoryLog();
  }

  /** How many logs that held this message were lost here. */
  losses(stream: StreamId, seq: number): number {
    const had = ({ dropped, ranges }: LostExtent): boolean =>
      seq <= dropped || ranges.some(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
    return this.#lost.get(stream)?.filter(had).length ?? 0;
  }

  #lose(stream: StreamId): void {
    const lost = this.#lost.get(stream) ?? [];
    this.#lost.set(stream, lost);
    lost.push(this.log.lostExtent(stream));
  }
}
