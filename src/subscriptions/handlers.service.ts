import { Injectable } from '@nestjs/common';
import { GossipService } from '../gossip/gossip.service.js';
import type { KnownCount } from '../peers/peers-listener.js';
import { Alarms, type Alarm } from '../runtime/alarms.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { Random } from '../runtime/random.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { TimerQueue } from '../runtime/timer-queue.js';
import { encodeCursor } from './cursor.js';
import { DrainService, type Draining, type DrainListener } from './drain.service.js';
import { DurableCursors } from './durable-cursors.service.js';
import { HandlerRunner, type HandlerOptions } from './handler-runner.adapter.js';
import { readRequest, type OpenSubscriber } from './open-subscriber.js';
import type { After, StartingPoint } from './starting-point.js';
import { SubscriptionsService } from './subscriptions.service.js';

const DURABLE_NAME_CHARACTERS_MAX = 255;

/** A handler, where it begins, and how long to wait for the others to know. */
export interface HandlerSubscribeOptions extends HandlerOptions {
  readonly after: After | undefined;
  /** Keeps the cursor under this name; an earlier one of that name wins over `after`. */
  readonly durable: string | undefined;
  readonly timeoutMs: number;
}

/** A handler's subscription. */
export interface HandlerSubscription {
  readonly topic: string;
  readonly known: KnownCount;
  readonly recovered: boolean;
  /** What the handler is done with. */
  cursor(): string;
  unsubscribe(): Promise<void>;
}

/** Handlers in this process: what they get, and for durable ones where they stand. */
@Injectable()
export class HandlersService implements DrainListener {
  readonly #runners = new Set<HandlerRunner>();
  readonly #names = new Set<string>();
  readonly #pauses = new TimerQueue<() => void>();
  readonly #alarm: Alarm;
  #isDraining = false;

  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly durables: DurableCursors,
    private readonly gossip: GossipService,
    private readonly clock: SystemClock,
    private readonly random: Random,
    alarms: Alarms,
    drain: DrainService,
  ) {
    this.#alarm = alarms.create('subscriptions.handlers', () => this.#ring());
    drain.attach(this);
  }

  /** GrapevineError `invalid-pattern`, `invalid-cursor`, `invalid-request`, `too-many-subscriptions` or `draining`. */
  async subscribe(pattern: string, options: HandlerSubscribeOptions): Promise<HandlerSubscription> {
    const point = readRequest(pattern, options.after);
    const { durable } = options;
    if (durable === undefined) return this.#subscribe(pattern, point, options);
    this.#takeName(durable);
    try {
      const saved = this.durables.find(durable, pattern);
      const begin = saved === undefined ? point : ({ from: 'cursor', cursor: saved, isToken: true } as const);
      return await this.#subscribe(pattern, begin, options);
    } catch (error) {
      this.#names.delete(durable);
      throw error;
    }
  }

  /** Handlers finish the message they are at, as long as there is time. */
  async draining({ untilMs }: Draining): Promise<void> {
    this.#isDraining = true;
    this.#endPauses(Infinity);
    const finished = Promise.all([...this.#runners].map((runner) => runner.stop()));
    await Promise.race([finished, new Promise<void>((resolve) => this.#pauseUntil(untilMs, resolve))]);
    await this.durables.flush();
  }

  async #subscribe(
    pattern: string,
    point: StartingPoint,
    options: HandlerSubscribeOptions,
  ): Promise<HandlerSubscription> {
    const { durable, timeoutMs } = options;
    const runner: HandlerRunner = new HandlerRunner(options, {
      pause: (ms) => this.#pause(ms * this.random.between(0.5, 1)),
      more: () => subscriber.more(),
      moved: () => {
        if (durable !== undefined && this.#runners.has(runner)) this.durables.moved(durable, () => runner.cursor());
      },
    });
    const subscriber = this.subscriptions.openHandler(runner);
    try {
      const { recovered } = await subscriber.begin(pattern, point, timeoutMs);
      runner.startAt(subscriber.position());
      this.#runners.add(runner);
      if (durable !== undefined) await this.durables.create(durable, { pattern, cursor: runner.cursor() });
      const known = await this.gossip.waitUntilKnown(timeoutMs);
      const unsubscribe = (): Promise<void> => this.#end(subscriber, runner, durable);
      return { topic: pattern, known, recovered, cursor: () => encodeCursor(runner.cursor()), unsubscribe };
    } catch (error) {
      subscriber.close();
      this.#runners.delete(runner);
      throw error;
    }
  }

  async #end(subscriber: OpenSubscriber, runner: HandlerRunner, durable: string | undefined): Promise<void> {
    // Not waited for: a handler may end its own subscription.
    void runner.stop();
    subscriber.close();
    if (!this.#runners.delete(runner) || durable === undefined) return;
    this.#names.delete(durable);
    await this.durables.forget(durable);
  }

  #takeName(durable: string): void {
    if (durable.length === 0 || durable.length > DURABLE_NAME_CHARACTERS_MAX) {
      throw new GrapevineError('invalid-request', `durable has 1 to ${DURABLE_NAME_CHARACTERS_MAX} characters`);
    }
    if (this.#names.has(durable)) {
      throw new GrapevineError('invalid-request', `the durable subscription ${durable} has a handler already`);
    }
    this.#names.add(durable);
  }

  #pause(ms: number): Promise<boolean> {
    if (this.#isDraining) return Promise.resolve(false);
    return new Promise((resolve) => this.#pauseUntil(this.clock.monotonicMs() + ms, () => resolve(!this.#isDraining)));
  }

  #pauseUntil(dueMs: number, over: () => void): void {
    this.#pauses.add(dueMs, over);
    this.#alarm.set(this.#pauses.nextDueMs!);
  }

  #ring(): void {
    this.#endPauses(this.clock.monotonicMs());
    if (this.#pauses.nextDueMs !== undefined) this.#alarm.set(this.#pauses.nextDueMs);
  }

  #endPauses(untilMs: number): void {
    for (let over = this.#pauses.takeDue(untilMs); over !== undefined; over = this.#pauses.takeDue(untilMs)) over();
  }
}
