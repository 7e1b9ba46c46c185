import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { tryLock, unlock } from 'fs-native-extensions';
import { makeFolder, replaceFile } from './durable-file.adapter.js';
import { GrapevineError } from './errors.js';
import { StartError } from './start-error.js';

const LOCK_FILE = 'lock';
const EPOCH_FILE = 'epoch.json';
/** Longest wait for a document to be written. */
const DISK_TIMEOUT_MS = 10_000;

/**
 * The folder with all that outlives the process, locked for one process; JSON documents in it are replaced whole or
 * not at all. Without a path the same documents live in memory.
 */
@Injectable()
export class DataFolder implements OnApplicationShutdown {
  readonly #inMemory = new Map<string, string>();
  #lockFile: FileHandle | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #lastEpoch = 0;

  /** Absolute path, or undefined when nothing goes to disk. */
  constructor(readonly path: string | undefined) {}

  /** Makes the folder when needed and takes it for this process; a StartError when another one has it. Idempotent. */
  async lock(): Promise<void> {
    if (this.path === undefined || this.#lockFile !== undefined) return;
    const file = await this.#openLockFile(this.path);
    if (!tryLock(file.fd)) {
      await file.close();
      throw new StartError(`the data folder ${this.path} is in use by another process`);
    }
    this.#lockFile = file;
  }

  /** The parsed document, or undefined when it was never written. */
  async readJson(name: string): Promise<unknown> {
    const text = await this.#readText(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new StartError(`${this.#pathOf(name)} is damaged: not a JSON document`, { cause });
    }
  }

  /**
   * Replaces the document; once resolved, it survives a power loss. Writes happen in the order of the calls. GrapevineError `store-failing`
   * when the disk does not answer in time; it may be replaced later all the same.
   */
  writeJson(name: string, value: unknown, mode = 0o600): Promise<void> {
    const text = `${JSON.stringify(value, null, 2)}\n`;
    const written = this.#lastWrite.then(() => this.#replace(name, text, mode));
    this.#lastWrite = written.catch(() => undefined);
    return answered(written);
  }

  /** The epoch of this life: above every earlier one, and on disk before it is returned. */
  async nextEpoch(): Promise<number> {
    const stored = await this.readJson(EPOCH_FILE);
    const last = Math.max(this.#lastEpoch, storedEpoch(stored) ?? 0);
    const epoch = Math.max(last + 1, Date.now());
    this.#lastEpoch = epoch;
    await this.writeJson(EPOCH_FILE, { epoch });
    return epoch;
  }

  onApplicationShutdown(): Promise<void> {
    return this.unlock();
  }

  /** Finishes what is being written and gives the folder back. */
  async unlock(): Promise<void> {
    await answered(this.#lastWrite).catch(() => undefined);
    const file = this.#lockFile;
    this.#lockFile = undefined;
    if (file === undefined) return;
    unlock(file.fd);
    await file.close();
  }

  async #openLockFile(path: string): Promise<FileHandle> {
    try {
      await makeFolder(path);
      return await open(join(path, LOCK_FILE), 'a', 0o600);
    } catch (cause) {
      throw new StartError(`the data folder ${path} cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  async #readText(name: string): Promise<string | undefined> {
    if (this.path === undefined) return this.#inMemory.get(name);
    try {
      return await readFile(this.#pathOf(name), 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new StartError(`${this.#pathOf(name)} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  async #replace(name: string, text: string, mode: number): Promise<void> {
    if (this.path === undefined) {
      this.#inMemory.set(name, text);
      return;
    }
    await replaceFile(this.#pathOf(name), text, mode);
  }

  #pathOf(name: string): string {
    return join(this.path ?? '', name);
  }
}

/** The outcome of a write, or that there is none in time. */
function answered<T>(written: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => {
      reject(new GrapevineError('store-failing', 'the disk under the data folder does not answer'));
    }, DISK_TIMEOUT_MS);
    written.then(resolve, reject).finally(() => clearTimeout(timeout));
  });
}

function storedEpoch(document: unknown): number | undefined {
  const epoch = (document as { epoch?: unknown } | undefined)?.epoch;
  return Number.isSafeInteger(epoch) ? (epoch as number) : undefined;
}
