import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { INTEREST_ENTRIES_MAX } from '../peers/interest/interest.js';
import { DataFolder } from '../runtime/data-folder.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { StartError } from '../runtime/start-error.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { InterestService } from './interest.service.js';
import { readSavedSubscriptions, savedSubscriptions } from './node-subscriptions.js';

const FILE = 'subscriptions.json';

/** What the node itself is subscribed to, over restarts. */
@Injectable()
export class NodeSubscriptions implements OnModuleInit {
  #since = new Map<string, number>();

  constructor(
    private readonly settings: Settings,
    private readonly folder: DataFolder,
    private readonly interest: InterestService,
    private readonly clock: SystemClock,
  ) {}

  async onModuleInit(): Promise<void> {
    const document = await this.folder.readJson(FILE);
    if (document === undefined) {
      const nowMs = this.clock.wallMs();
      this.#since = new Map(this.settings.subscriptions.map((pattern) => [pattern, nowMs]));
      await this.#save();
    } else {
      const saved = readSavedSubscriptions(document);
      if (!saved.ok) throw new StartError(`${FILE} in the data folder is damaged: ${saved.reason}`);
      this.#since = new Map(saved.value);
      // Peers would take what begins later than now for what is not wanted yet.
      for (const sinceMs of this.#since.values()) this.clock.notBefore(sinceMs);
    }
    for (const [pattern, sinceMs] of this.#since) this.interest.add(pattern, 'node', sinceMs);
  }

  /** Sorted by code unit. */
  get patterns(): readonly string[] {
    return [...this.#since.keys()].sort();
  }

  /** Resolves when it would survive a restart; false when there was nothing new. */
  async add(pattern: string, sinceMs: number): Promise<boolean> {
    const beforeMs = this.#since.get(pattern);
    if (beforeMs !== undefined && beforeMs <= sinceMs) return false;
    if (beforeMs === undefined && this.#since.size >= INTEREST_ENTRIES_MAX) {
      throw new GrapevineError('too-many-subscriptions', `a node has at most ${INTEREST_ENTRIES_MAX} subscriptions`);
    }
    this.interest.add(pattern, 'node', sinceMs);
    this.#since.set(pattern, sinceMs);
    if (beforeMs !== undefined) this.interest.remove(pattern, 'node');
    await this.#save();
    return beforeMs === undefined;
  }

  /** False when there was none. */
  async remove(pattern: string): Promise<boolean> {
    if (!this.#since.delete(pattern)) return false;
    this.interest.remove(pattern, 'node');
    await this.#save();
    return true;
  }

  #save(): Promise<void> {
    return this.folder.writeJson(FILE, savedSubscriptions(this.#since));
  }
}
