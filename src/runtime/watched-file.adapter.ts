import { type FSWatcher, watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import type { Alarm, Alarms } from './alarms.service.js';
import type { SystemClock } from './system-clock.service.js';

/** A change is read once the file has been at rest for so long: editors write in several steps. */
const SETTLE_MS = 50;
/** Looked at so often besides, as network file systems and replaced mounts report nothing. */
const POLL_MS = 5_000;

/** A small text file that is read whole, at first and whenever it has changed. */
export class WatchedFile {
  readonly path: string;
  readonly #alarm: Alarm;
  #watcher: FSWatcher | undefined;
  #changed: ((text: Decoded<string>) => void) | undefined;
  /** The version that was read, and the one that was seen last. */
  #read = '';
  #seen = '';
  #isChecking = false;
  #isTouched = false;

  constructor(
    private readonly file: { readonly path: string; readonly bytesMax: number },
    alarms: Alarms,
    private readonly clock: SystemClock,
  ) {
    this.path = file.path;
    this.#alarm = alarms.create(`file ${file.path}`, () => void this.#check());
  }

  /** The text as it is now, or why there is none. */
  async read(): Promise<Decoded<string>> {
    this.#read = this.#seen = await this.#version();
    try {
      return await readText(this.file.path, this.file.bytesMax);
    } catch (cause) {
      return refused((cause as Error).message);
    }
  }

  /** Calls `changed` with what `read` gives after every change, from the last `read` on. */
  watch(changed: (text: Decoded<string>) => void): void {
    this.#changed = changed;
    try {
      // The folder, not the file: most writers replace a file by renaming another.
      this.#watcher = watch(dirname(this.path), { persistent: false }, () => this.#touched());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The system has no watch to give: looking now and then has to do.
    }
    this.#touched();
  }

  close(): void {
    this.#changed = undefined;
    this.#watcher?.close();
    this.#alarm.clear();
  }

  #touched(): void {
    this.#isTouched = true;
    this.#wakeAfter(SETTLE_MS);
  }

  #wakeAfter(afterMs: number): void {
    if (!this.#isChecking && this.#changed !== undefined) this.#alarm.set(this.clock.monotonicMs() + afterMs);
  }

  async #check(): Promise<void> {
    this.#isChecking = true;
    this.#isTouched = false;
    const version = await this.#version();
    const isResting = version === this.#seen;
    this.#seen = version;
    if (isResting && version !== this.#read) {
      const text = await this.read();
      this.#changed?.(text);
    }
    this.#isChecking = false;
    this.#wakeAfter(this.#isTouched || this.#seen !== this.#read ? SETTLE_MS : POLL_MS);
  }

  /** Differs whenever the content may differ. */
  async #version(): Promise<string> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    } catch (cause) {
      return (cause as Error).message;
    }
  }
}

async function readText(path: string, bytesMax: number): Promise<Decoded<string>> {
  // Opening a pipe would wait for its writer.
  if (!(await stat(path)).isFile()) return refused('it is not a file');
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > bytesMax) return refused(`it is larger than ${bytesMax} bytes`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, 0);
    return decoded(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}
