import { Injectable } from '@nestjs/common';
import { type Alarm, Alarms } from '../runtime/alarms.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import type { StartError } from '../runtime/start-error.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { NodeName } from './membership/node-name.service.js';

/** A node whose bootstrap peers do not answer for so long goes on alone, and joins them when they do. */
const ALONE_AFTER_MS = 3_000;
/** With a link to a peer it waits so long for both directories to be equal; where interests change all the time they may never be. */
const SYNC_MS_MAX = 60_000;

/** What joining asks of the peers. */
export interface JoiningWorld {
  isLinked(): boolean;
  leave(): Promise<void>;
}

/** Whether this node has joined its cluster: it knows what a peer knows and may have its name, or there is nobody to join. */
@Injectable()
export class Joining {
  readonly #alarm: Alarm;
  readonly #waiters: { resolve: () => void; reject: (cause: unknown) => void }[] = [];
  #world: JoiningWorld | undefined;
  #begunMs = 0;
  #isJoined = false;
  #isOver = false;
  /** Rejects once this node, which may not join, has said farewell. */
  #refused: Promise<never> | undefined;

  constructor(
    private readonly name: NodeName,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('joining', () => this.#look());
  }

  get isJoined(): boolean {
    return this.#isJoined;
  }

  /** Bootstrap peers are dialled from now on, if there are any. */
  begin(world: JoiningWorld, hasBootstrap: boolean): void {
    this.#world = world;
    this.#begunMs = this.clock.monotonicMs();
    if (!hasBootstrap) this.#joined('alone');
    else if (!this.#isJoined && !this.#isOver) this.#alarm.set(this.#begunMs + ALONE_AFTER_MS);
  }

  /** The directory is equal to that of a peer. */
  synced(): void {
    if (this.#isJoined || this.#isOver) return;
    this.#alarm.clear();
    this.name.claim((refusal) => (refusal === undefined ? this.#joined('with others') : this.#refuse(refusal)));
  }

  /** Resolves when `isJoined` is true, or the node leaves before; a StartError when another node has its name and answers. */
  joined(): Promise<void> {
    if (this.#refused !== undefined) return this.#refused;
    if (this.#isJoined || this.#isOver) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The node leaves: whoever waits for it to join need not any longer. */
  end(): void {
    this.#isOver = true;
    this.#alarm.clear();
    this.#tellWaiters();
  }

  #look(): void {
    const nowMs = this.clock.monotonicMs();
    const isLinked = this.#world?.isLinked() ?? false;
    if (!isLinked) this.#joined('alone');
    else if (nowMs - this.#begunMs >= SYNC_MS_MAX) this.synced();
    else this.#alarm.set(nowMs + ALONE_AFTER_MS);
  }

  #joined(how: 'alone' | 'with others'): void {
    if (this.#isJoined || this.#isOver) return;
    this.#isJoined = true;
    this.#alarm.clear();
    this.#tellWaiters();
    this.logger.info('joined', { how });
  }

  #tellWaiters(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** Whoever waits for this node to join handles it; in an application that does not, it stays outside and says so. */
  #refuse(refusal: StartError): void {
    const waiters = this.#waiters.splice(0);
    if (waiters.length === 0) this.logger.error(refusal.message);
    const left = this.#world?.leave() ?? Promise.resolve();
    const refused = left.then(() => {
      throw refusal;
    });
    this.#refused = refused;
    refused.catch((cause: unknown) => waiters.forEach((waiter) => waiter.reject(cause)));
  }
}
