const BATCH_WRITES_MAX = 256;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
const BATCH_DROPS_MAX = 4;

/** A write that waits for its transaction. */
export interface Write<Database> {
  /** Bytes of bundles that it adds. */
  readonly bytes: number;
  /** What it removes is looked up in the database, so all writes before it must be committed. */
  readonly needsCommitted: boolean;
  /** Issues its rows and says whether it is done; if not it is queued again. */
  apply(database: Database): boolean;
  /** After it failed: whether it makes sense without those that failed with it, and is tried once more. */
  again(): boolean;
  resolve(): void;
  reject(error: Error): void;
}

/** Writes in the order they were asked for, given out in transactions of bounded size. */
export class WriteQueue<Database> {
  readonly #waiting: Write<Database>[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  push(...writes: readonly Write<Database>[]): void {
    this.#waiting.push(...writes);
  }

  takeBatch(): Write<Database>[] {
    let count = 0;
    let bytes = 0;
    let removals = 0;
    for (const write of this.#waiting) {
      if (write.needsCommitted && (removals < count || removals === BATCH_DROPS_MAX)) break;
      if (count === BATCH_WRITES_MAX || (count > 0 && bytes + write.bytes > BATCH_BYTES_MAX)) break;
      if (write.needsCommitted) removals++;
      bytes += write.bytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  takeAll(): Write<Database>[] {
    return this.#waiting.splice(0);
  }
}
