import { statfs } from 'node:fs/promises';
import { open, type RootDatabase } from 'lmdb';
import { GrapevineError } from '../../runtime/errors.js';
import { withChecksum, withoutChecksum } from './bundle-rows.js';
import { RESERVED_BYTES } from './disk-room.js';

const MAP_FULL = -30_792;
const NO_SPACE_CODES: readonly unknown[] = [MAP_FULL, 'ENOSPC', 'EDQUOT', 28, 122];

/** Where rows start and end, `end` excluded. */
export interface RowRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** Rows of a database whose checksums are written and checked here. One transaction at a time is for the caller to see to. */
export class LmdbRows {
  readonly #database: RootDatabase<Buffer, Buffer>;

  /** Opens the database in `folder` or makes it; `damaged` hears of every row that is not what was written. */
  constructor(
    private readonly folder: string,
    private readonly damaged: (key: Buffer) => void,
  ) {
    this.#database = open({
      path: folder,
      maxDbs: 1,
      keyEncoding: 'binary',
      encoding: 'binary',
      // Batches by turn would reject promises that nobody holds.
      eventTurnBatching: false,
      // The library flushes the pages of a transaction before it describes them, so that what a power loss leaves is whole. The
      // description itself is flushed with the next transaction, or by `flush`.
      overlappingSync: false,
      noMetaSync: true,
    });
  }

  put(key: Buffer, value: Buffer): void {
    void this.#database.put(key, withChecksum(key, value));
  }

  remove(key: Buffer): void {
    void this.#database.remove(key);
  }

  /** Undefined when there is none, or a damaged one. */
  get(key: Buffer): Buffer | undefined {
    const row = this.#database.getBinary(key);
    return row === undefined ? undefined : this.#checked(key, row);
  }

  /** Rows in order of their keys, without damaged ones. */
  *rows(range: RowRange): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
    for (const { key, value: row } of this.#database.getRange(range)) {
      const value = this.#checked(key, row);
      if (value !== undefined) yield { key, value };
    }
  }

  has(key: Buffer): boolean {
    return this.#database.doesExist(key);
  }

  /** All rows as they stand in the database, with checksums if they have any. */
  *rawRows(): Generator<{ readonly key: Buffer; readonly row: Buffer }> {
    for (const { key, value } of this.#database.getRange()) yield { key, row: value };
  }

  keys(range: RowRange & { readonly limit?: number }): Iterable<Buffer> {
    return this.#database.getKeys(range);
  }

  /** What `apply` puts and removes, all of it or nothing; a GrapevineError `store-full` or `store-failing` when it was nothing. */
  async commit(apply: () => void): Promise<void> {
    try {
      await this.#database.batch(apply);
    } catch (cause) {
      throw await this.#writeError(cause);
    }
  }

  /** Afterwards all that was committed survives a power loss. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Missing in the library's types.
      const database = this.#database as unknown as { sync(done: (cause?: Error) => void): void };
      database.sync((cause) => {
        if (cause === undefined) resolve();
        else void this.#writeError(cause).then(reject);
      });
    });
  }

  /** Bytes that are free on the disk; Infinity when it does not say. */
  async freeBytes(): Promise<number> {
    const disk = await statfs(this.folder).catch(() => undefined);
    return disk === undefined ? Infinity : disk.bavail * disk.bsize;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #checked(key: Buffer, row: Buffer): Buffer | undefined {
    const value = withoutChecksum(key, row);
    if (value === undefined) this.damaged(key);
    return value;
  }

  async #writeError(cause: unknown): Promise<GrapevineError> {
    const reason = await reasonOf(cause);
    // LMDB tells of a full disk as an input/output error, so the disk itself is asked.
    if ((await this.freeBytes()) < RESERVED_BYTES || NO_SPACE_CODES.includes((reason as { code?: unknown }).code)) {
      return new GrapevineError('store-full', 'the disk under the data folder is full', { cause: reason });
    }
    const detail = `the store could not write: ${(reason as Error).message}`;
    return new GrapevineError('store-failing', detail, { cause: reason });
  }
}

/** The database hands the reason over in a promise of its own; it is settled by now, or never. */
async function reasonOf(cause: unknown): Promise<unknown> {
  const pending = (cause as { commitError?: Promise<unknown> }).commitError;
  if (pending === undefined) return cause;
  const reason = pending.then(
    () => cause,
    (error: unknown) => error,
  );
  return Promise.race([reason, new Promise((resolve) => setImmediate(resolve, cause))]);
}
