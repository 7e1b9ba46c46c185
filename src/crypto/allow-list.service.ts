import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Alarms } from '../runtime/alarms.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { WatchedDocument } from '../runtime/watched-document.adapter.js';
import { ALLOWED_KEYS_BYTES_MAX, decodeAllowedKeys } from './allowed-keys.js';

const NO_IDS: ReadonlySet<string> = new Set();
const DIGEST_BYTES = 8;

/** The nodes that are admitted by their key, as the file says now; a wrong file leaves the list as it was. Ready after `onModuleInit`. */
@Injectable()
export class AllowList implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #document: WatchedDocument<ReadonlySet<string>> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** Asked for by every comparison with a peer, and another one only with another list. */
  #digest: { readonly ids: ReadonlySet<string> | undefined; readonly text: string } | undefined;

  constructor(settings: Settings, logger: NodeLogger, alarms: Alarms, clock: SystemClock) {
    const { allowedKeysFile: path } = settings;
    if (path === undefined) return;
    const kind = { what: 'allow-list', path, bytesMax: ALLOWED_KEYS_BYTES_MAX, decode: decodeAllowedKeys };
    this.#document = new WatchedDocument(kind, { logger, alarms, clock });
  }

  async onModuleInit(): Promise<void> {
    await this.#document?.open();
  }

  onApplicationBootstrap(): void {
    this.#document?.watch(() => this.#listeners.forEach((changed) => changed()));
  }

  onApplicationShutdown(): void {
    this.#document?.close();
  }

  /** Ids of the nodes on the list; undefined when this node has none. */
  get ids(): ReadonlySet<string> | undefined {
    return this.#document === undefined ? undefined : (this.#document.value ?? NO_IDS);
  }

  /** 8 bytes as base64url over the ids, zeros without a list; equal at nodes that have the same. */
  get digest(): string {
    const { ids } = this;
    if (this.#digest === undefined || this.#digest.ids !== ids) this.#digest = { ids, text: digestOf(ids) };
    return this.#digest.text;
  }

  /** `changed` is called after each change, in the order of attaching. */
  attach(changed: () => void): void {
    this.#listeners.push(changed);
  }
}

function digestOf(ids: ReadonlySet<string> | undefined): string {
  if (ids === undefined) return Buffer.alloc(DIGEST_BYTES).toString('base64url');
  const text = [...ids].sort().join('\n');
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES).toString('base64url');
}
