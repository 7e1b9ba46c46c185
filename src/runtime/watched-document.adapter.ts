import { resolve } from 'node:path';
import type { Decoded } from '../wire/decoded.js';
import type { Alarms } from './alarms.service.js';
import type { NodeLogger } from './node-logger.service.js';
import { StartError } from './start-error.js';
import type { SystemClock } from './system-clock.service.js';
import { WatchedFile } from './watched-file.adapter.js';

/** What is in a file, and how it is read. */
export interface DocumentKind<T> {
  /** What people call it, such as `allow-list`. */
  readonly what: string;
  readonly path: string;
  readonly bytesMax: number;
  decode(text: string): Decoded<T>;
}

/** What the clock, alarms and log of a node are to a watched file. */
export interface DocumentWorld {
  readonly logger: NodeLogger;
  readonly alarms: Alarms;
  readonly clock: SystemClock;
}

/** The document in a file as it is now: wrong at first it is a StartError, wrong later on it leaves the last good one in place. */
export class WatchedDocument<T> {
  readonly #file: WatchedFile;
  #value: T | undefined;

  constructor(
    private readonly kind: DocumentKind<T>,
    private readonly world: DocumentWorld,
  ) {
    const file = { path: resolve(kind.path), bytesMax: kind.bytesMax };
    this.#file = new WatchedFile(file, world.alarms, world.clock);
  }

  /** Undefined before `open`. */
  get value(): T | undefined {
    return this.#value;
  }

  async open(): Promise<void> {
    const value = this.#decode(await this.#file.read());
    if (!value.ok) throw new StartError(`the ${this.kind.what} ${this.#file.path} cannot be used: ${value.reason}`);
    this.#value = value.value;
  }

  /** `changed` is called after each change since `open`. */
  watch(changed: (value: T) => void): void {
    this.#file.watch((text) => {
      const { what } = this.kind;
      const { path } = this.#file;
      const value = this.#decode(text);
      if (!value.ok) {
        return this.world.logger.error(`${what} refused, the old one stays`, { path, reason: value.reason });
      }
      this.#value = value.value;
      this.world.logger.info(`${what} changed`, { path });
      changed(value.value);
    });
  }

  close(): void {
    this.#file.close();
  }

  #decode(text: Decoded<string>): Decoded<T> {
    return text.ok ? this.kind.decode(text.value) : text;
  }
}
