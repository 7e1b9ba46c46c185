import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Alarms, type Alarm } from '../runtime/alarms.service.js';
import { DataFolder } from '../runtime/data-folder.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { StartError } from '../runtime/start-error.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { DURABLE_CURSOR_STREAMS_MAX, encodeCursor, type Cursor } from './cursor.js';
import { readSavedDurables, savedDurables, type Durable } from './durables.js';
import { InterestService } from './interest.service.js';

const FILE = 'durables.json';

/** Names of durable subscriptions of one node. */
const DURABLES_MAX = 1_024;

/** Cursors are written at most so often; what a crash takes back is delivered again. */
const SAVE_EVERY_MS = 250;

/** Where the durable subscriptions of this node stand, over restarts. Each keeps the node's interest until it is forgotten. */
@Injectable()
export class DurableCursors implements OnModuleInit {
  readonly #alarm: Alarm;
  #durables = new Map<string, Durable>();
  readonly #moved = new Map<string, () => Cursor>();
  #isSaveSet = false;

  constructor(
    private readonly folder: DataFolder,
    private readonly interest: InterestService,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('subscriptions.durables', () => this.#saveDue());
  }

  async onModuleInit(): Promise<void> {
    const document = await this.folder.readJson(FILE);
    if (document === undefined) return;
    const saved = readSavedDurables(document);
    if (!saved.ok) throw new StartError(`${FILE} in the data folder is damaged: ${saved.reason}`);
    this.#durables = new Map(saved.value);
    for (const { pattern, cursor } of saved.value.values()) {
      this.clock.notBefore(cursor.sinceMs);
      this.interest.add(pattern, 'handler', cursor.sinceMs);
    }
  }

  /** Where the durable subscription stands; GrapevineError `invalid-request` when it is one of another pattern. */
  find(name: string, pattern: string): Cursor | undefined {
    const durable = this.#durables.get(name);
    if (durable !== undefined && durable.pattern !== pattern) {
      throw new GrapevineError('invalid-request', `the durable subscription ${name} is one of ${durable.pattern}`);
    }
    return durable?.cursor;
  }

  /** Resolves when the new durable subscription would survive a restart. */
  async create(name: string, durable: Durable): Promise<void> {
    if (this.#durables.size >= DURABLES_MAX && !this.#durables.has(name)) {
      throw new GrapevineError('too-many-subscriptions', `a node has at most ${DURABLES_MAX} durable subscriptions`);
    }
    if (!this.#durables.has(name)) this.interest.add(durable.pattern, 'handler', durable.cursor.sinceMs);
    this.#durables.set(name, durable);
    await this.#save();
  }

  /** The handler has come further: `cursor` is asked for when it is written. */
  moved(name: string, cursor: () => Cursor): void {
    this.#moved.set(name, cursor);
    if (this.#isSaveSet) return;
    this.#isSaveSet = true;
    this.#alarm.set(this.clock.monotonicMs() + SAVE_EVERY_MS);
  }

  async forget(name: string): Promise<void> {
    const durable = this.#durables.get(name);
    this.#moved.delete(name);
    if (durable === undefined) return;
    this.#durables.delete(name);
    this.interest.remove(durable.pattern, 'handler');
    await this.#save();
  }

  /** Writes what has moved. */
  async flush(): Promise<void> {
    if (this.#moved.size > 0) await this.#save();
  }

  #saveDue(): void {
    this.#isSaveSet = false;
    this.flush().catch((cause: unknown) => this.logger.error('durables.not-saved', { cause }));
  }

  #save(): Promise<void> {
    for (const [name, cursor] of this.#moved) {
      const durable = this.#durables.get(name);
      if (durable !== undefined) this.#durables.set(name, { pattern: durable.pattern, cursor: cursor() });
    }
    this.#moved.clear();
    return this.folder.writeJson(
      FILE,
      savedDurables(this.#durables, (cursor) => encodeCursor(cursor, DURABLE_CURSOR_STREAMS_MAX)),
    );
  }
}
