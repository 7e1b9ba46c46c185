import { Injectable } from '@nestjs/common';
import { Alarms, type Alarm } from './alarms.service.js';
import { SystemClock } from './system-clock.service.js';
import { TimerQueue } from './timer-queue.js';

/** A wait that ends either by `cancel` or, once, by its deadline. */
export interface Deadline {
  cancel(): void;
}

interface PendingDeadline {
  passed: (() => void) | undefined;
}

/** Limits of waits, all on one alarm. */
@Injectable()
export class Deadlines {
  readonly #queue = new TimerQueue<PendingDeadline>();
  readonly #alarm: Alarm;

  constructor(
    alarms: Alarms,
    private readonly clock: SystemClock,
  ) {
    this.#alarm = alarms.create('deadlines', () => this.#ring());
  }

  /** Calls `passed` in `afterMs` unless it is cancelled before. */
  set(afterMs: number, passed: () => void): Deadline {
    const pending: PendingDeadline = { passed };
    this.#queue.add(this.clock.monotonicMs() + afterMs, pending);
    this.#setAlarm();
    return { cancel: () => (pending.passed = undefined) };
  }

  #ring(): void {
    const nowMs = this.clock.monotonicMs();
    for (let due = this.#queue.takeDue(nowMs); due !== undefined; due = this.#queue.takeDue(nowMs)) due.passed?.();
    this.#setAlarm();
  }

  #setAlarm(): void {
    if (this.#queue.nextDueMs !== undefined) this.#alarm.set(this.#queue.nextDueMs);
  }
}
