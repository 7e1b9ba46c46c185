import { resolve } from 'node:path';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isLoopbackHost } from '../../config/addresses.js';
import { Settings } from '../../config/settings.js';
import { Alarms, type Alarm } from '../../runtime/alarms.service.js';
import { GrapevineError } from '../../runtime/errors.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { StartError } from '../../runtime/start-error.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { WatchedFile } from '../../runtime/watched-file.adapter.js';
import type { Decoded } from '../../wire/decoded.js';
import { fetchText } from './fetch-text.adapter.js';
import { decodeKeySet, KEY_SET_BYTES_MAX, type KeySet, type TokenKey } from './key-set.js';
import type { TokenHeader } from './token-form.js';

/** A set behind a URL is asked for so often, and so soon again when that failed or a token names a key that it does not have. */
export const REFRESH_MS = 300_000;
export const REFRESH_MS_MIN = 10_000;
const FETCH_TIMEOUT_MS = 5_000;

/** The keys that tokens are checked with, out of the file or from the URL of `API_AUTH`; what cannot be read leaves the last good ones. */
@Injectable()
export class TokenKeys implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  /** Whether clients need no token at all. */
  readonly isOpen: boolean;
  readonly #url: string | undefined;
  readonly #file: WatchedFile | undefined;
  readonly #refreshAlarm: Alarm;
  #keys: KeySet | undefined;
  #refreshing: Promise<void> | undefined;
  #refreshedMs = -Infinity;

  constructor(
    settings: Settings,
    private readonly logger: NodeLogger,
    private readonly clock: SystemClock,
    alarms: Alarms,
  ) {
    const { apiAuth = 'open' } = settings;
    this.isOpen = apiAuth === 'open';
    this.#refreshAlarm = alarms.create('token-keys', () => void this.#refresh());
    if (this.isOpen) return;
    if (/^https?:/i.test(apiAuth)) this.#url = apiAuth;
    else this.#file = new WatchedFile({ path: resolve(apiAuth), bytesMax: KEY_SET_BYTES_MAX }, alarms, clock);
  }

  async onModuleInit(): Promise<void> {
    if (this.#file !== undefined) {
      const keys = await keysIn(await this.#file.read());
      if (!keys.ok) throw new StartError(`the keys in ${this.#file.path} cannot be used: ${keys.reason}`);
      this.#keys = keys.value;
    } else if (this.#url !== undefined) {
      const { protocol, hostname } = new URL(this.#url);
      if (protocol === 'http:' && !isLoopbackHost(hostname))
        this.logger.warn('token keys come over plain http', { hostname });
      await this.#refresh();
    }
  }

  onApplicationBootstrap(): void {
    this.#file?.watch((text) => void this.#take(text));
  }

  onApplicationShutdown(): void {
    this.#file?.close();
    this.#refreshAlarm.clear();
  }

  /** The key that a token says it is signed with; asks for the set again, now and then, when there is none. */
  async find(header: TokenHeader): Promise<TokenKey | undefined> {
    const key = this.#keys?.find(header);
    if (key !== undefined) return key;
    if (this.#url !== undefined && this.clock.monotonicMs() - this.#refreshedMs >= REFRESH_MS_MIN)
      await this.#refresh();
    if (this.#keys === undefined) {
      throw new GrapevineError('keys-unavailable', 'Tokens cannot be checked yet.', { retryAfterMs: REFRESH_MS_MIN });
    }
    return this.#keys.find(header);
  }

  /** Whether a key is still among those that tokens may be signed with. */
  has(thumbprint: string): boolean {
    return this.#keys?.has(thumbprint) === true;
  }

  /** One at a time, whoever asks. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#fetch().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #fetch(): Promise<void> {
    await this.#take(await fetchText(this.#url ?? '', { timeoutMs: FETCH_TIMEOUT_MS, bytesMax: KEY_SET_BYTES_MAX }));
    this.#refreshedMs = this.clock.monotonicMs();
    this.#refreshAlarm.set(this.#refreshedMs + (this.#keys === undefined ? REFRESH_MS_MIN : REFRESH_MS));
  }

  async #take(text: Decoded<string>): Promise<void> {
    const keys = await keysIn(text);
    const from = this.#file?.path ?? this.#url;
    if (!keys.ok) return this.logger.error('token keys refused, the old ones stay', { from, reason: keys.reason });
    this.#keys = keys.value;
    this.logger.debug('token keys taken', { from, keys: keys.value.keys.length });
  }
}

async function keysIn(text: Decoded<string>): Promise<Decoded<KeySet>> {
  return text.ok ? decodeKeySet(text.value) : text;
}
