import { Inject, Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { parseBootstrapAddress, urlOfAddress } from './bootstrap-address.js';
import { NAME_RESOLVER, type NameResolver } from './name-resolver.js';

/** How often names are asked again. Lower finds new containers sooner, higher spares the name server. */
const RESOLVE_EVERY_MS = 5_000;
/** More addresses of one name are not dialled; the rest is learned from the cluster. */
const ADDRESSES_MAX = 64;

/** What discovery needs of the links. */
export interface Dialling {
  keep(url: string): void;
  forget(url: string): void;
}

/** Finds the nodes that are dialled first: URLs of the settings, and all addresses of names, asked again for ever. */
@Injectable()
export class DiscoveryService {
  readonly #alarm: Alarm;
  /** What each name stood for when it was last asked. */
  readonly #urlsOf = new Map<string, readonly string[]>();
  #dialling: Dialling | undefined;
  #ownUrl = '';

  constructor(
    private readonly settings: Settings,
    @Inject(NAME_RESOLVER) private readonly resolve: NameResolver,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('discovery', () => void this.#resolveNames());
  }

  /** Is this URL one that the settings name, so that it is never given up? */
  isBootstrap(url: string): boolean {
    return this.#addresses().some((address) => address.kind === 'url' && address.url === url);
  }

  async start(dialling: Dialling, ownUrl: string): Promise<void> {
    this.#dialling = dialling;
    this.#ownUrl = new URL(ownUrl).origin;
    for (const address of this.#addresses()) if (address.kind === 'url') this.#keep(address.url);
    await this.#resolveNames();
  }

  stop(): void {
    this.#dialling = undefined;
    this.#alarm.clear();
  }

  #addresses(): ReturnType<typeof parseBootstrapAddress>[] {
    return this.settings.peers.map(parseBootstrapAddress);
  }

  async #resolveNames(): Promise<void> {
    const names = this.#addresses().filter((address) => address.kind === 'name');
    await Promise.all(names.map((name) => this.#resolve(name)));
    if (names.length > 0 && this.#dialling !== undefined) this.#alarm.set(this.clock.monotonicMs() + RESOLVE_EVERY_MS);
  }

  async #resolve(entry: { readonly scheme: string; readonly name: string; readonly port: string }): Promise<void> {
    const key = `${entry.scheme}://${entry.name}:${entry.port}`;
    const before = this.#urlsOf.get(key) ?? [];
    try {
      const found = (await this.resolve(entry.name)).slice(0, ADDRESSES_MAX);
      const urls = found.map((address) => urlOfAddress(address, entry));
      this.#urlsOf.set(key, urls);
      for (const url of urls) this.#keep(url);
      // Whoever is a member by now is kept for that reason, and is not forgotten with the name.
      for (const url of before) if (!urls.includes(url)) this.#dialling?.forget(url);
    } catch (error) {
      this.logger.debug('name not resolved', { name: entry.name, code: (error as NodeJS.ErrnoException).code });
    }
  }

  #keep(url: string): void {
    if (url !== this.#ownUrl) this.#dialling?.keep(url);
  }
}
