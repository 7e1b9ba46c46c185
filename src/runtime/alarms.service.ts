import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { SystemClock } from './system-clock.service.js';

const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** One pending wake-up, seen in the scheduler's registry under its name. */
export interface Alarm {
  /** Rings at `dueMs` of the monotonic clock; replaces the wake-up set before. */
  set(dueMs: number): void;
  clear(): void;
}

/** Makes alarms on the scheduler's registry; all of them are silenced at shutdown. */
@Injectable()
export class Alarms implements OnApplicationShutdown {
  readonly #names = new Set<string>();

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: SystemClock,
  ) {}

  create(name: string, ring: () => void): Alarm {
    if (this.#names.has(name)) throw new Error(`there is already an alarm named ${name}`);
    this.#names.add(name);
    let pendingDueMs: number | undefined;
    const clear = (): void => {
      if (pendingDueMs !== undefined) this.scheduler.deleteTimeout(name);
      pendingDueMs = undefined;
    };
    return {
      clear,
      set: (dueMs) => {
        if (pendingDueMs === dueMs || !this.#names.has(name)) return;
        clear();
        pendingDueMs = dueMs;
        const delayMs = Math.min(Math.max(0, dueMs - this.clock.monotonicMs()), TIMEOUT_MS_MAX);
        const timeout = setTimeout(() => {
          clear();
          ring();
        }, delayMs);
        this.scheduler.addTimeout(name, timeout);
      },
    };
  }

  onApplicationShutdown(): void {
    for (const name of this.#names) {
      if (this.scheduler.doesExist('timeout', name)) this.scheduler.deleteTimeout(name);
    }
    this.#names.clear();
  }
}
