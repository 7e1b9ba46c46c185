import { resolve } from 'node:path';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Alarms } from '../runtime/alarms.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { StartError } from '../runtime/start-error.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { WatchedFile } from '../runtime/watched-file.adapter.js';
import type { Decoded } from '../wire/decoded.js';
import { ALLOWED_KEYS_BYTES_MAX, decodeAllowedKeys } from './allowed-keys.js';

/** The nodes that are admitted by their key, as the file says now; a wrong file leaves the list as it was. Ready after `onModuleInit`. */
@Injectable()
export class AllowList implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #file: WatchedFile | undefined;
  readonly #listeners: (() => void)[] = [];
  #ids: ReadonlySet<string> | undefined;

  constructor(
    settings: Settings,
    private readonly logger: NodeLogger,
    alarms: Alarms,
    clock: SystemClock,
  ) {
    const { allowedKeysFile } = settings;
    if (allowedKeysFile === undefined) return;
    const file = { path: resolve(allowedKeysFile), bytesMax: ALLOWED_KEYS_BYTES_MAX };
    this.#file = new WatchedFile(file, alarms, clock);
    this.#ids = new Set();
  }

  async onModuleInit(): Promise<void> {
    if (this.#file === undefined) return;
    const ids = decodeFile(await this.#file.read());
    if (!ids.ok) throw new StartError(`the allow-list ${this.#file.path} cannot be used: ${ids.reason}`);
    this.#ids = ids.value;
  }

  onApplicationBootstrap(): void {
    this.#file?.watch((text) => this.#onChange(text));
  }

  onApplicationShutdown(): void {
    this.#file?.close();
  }

  /** Ids of the nodes on the list; undefined when this node has none. */
  get ids(): ReadonlySet<string> | undefined {
    return this.#ids;
  }

  /** `changed` is called after each change, in the order of attaching. */
  attach(changed: () => void): void {
    this.#listeners.push(changed);
  }

  #onChange(text: Decoded<string>): void {
    const ids = decodeFile(text);
    const path = this.#file?.path;
    if (!ids.ok) return this.logger.error('allow-list refused, the old one stays', { path, reason: ids.reason });
    this.#ids = ids.value;
    this.logger.info('allow-list changed', { path, keys: ids.value.size });
    for (const changed of this.#listeners) changed();
  }
}

function decodeFile(text: Decoded<string>): Decoded<ReadonlySet<string>> {
  return text.ok ? decodeAllowedKeys(text.value) : text;
}
