import assert from 'node:assert/strict';
import { Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { SystemClock } from './system-clock.service.js';

const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** One pending wake-up, seen in the scheduler's registry under its name. */
export interface Alarm {
  /** Rings at `dueMs` of the monotonic clock; replaces the wake-up set before. */
  set(dueMs: number): void;
  clear(): void;
}

interface Pending {
  readonly dueMs: number;
  readonly timeout: NodeJS.Timeout;
}

/** Makes alarms on the scheduler's registry; all of them are silenced at shutdown. */
@Injectable()
export class Alarms implements OnModuleDestroy, OnApplicationShutdown {
  readonly #rings = new Map<string, () => void>();
  readonly #pending = new Map<string, Pending>();
  #isOnRegistry = true;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: SystemClock,
  ) {}

  create(name: string, ring: () => void): Alarm {
    if (this.#rings.has(name)) throw new Error(`there is already an alarm named ${name}`);
    this.#rings.set(name, ring);
    return { set: (dueMs) => this.#set(name, dueMs), clear: () => this.#clear(name) };
  }

  /** The scheduler silences its registry before others could drain and say farewell: alarms leave it first and go on. */
  onModuleDestroy(): void {
    const pending = [...this.#pending];
    for (const [name] of pending) this.#clear(name);
    this.#isOnRegistry = false;
    for (const [name, { dueMs }] of pending) this.#set(name, dueMs);
  }

  onApplicationShutdown(): void {
    for (const name of this.#pending.keys()) this.#clear(name);
    this.#rings.clear();
  }

  #set(name: string, dueMs: number): void {
    // A timer of NaN milliseconds would ring every millisecond.
    assert(!Number.isNaN(dueMs), 'an alarm is set to a time');
    const ring = this.#rings.get(name);
    if (ring === undefined || this.#pending.get(name)?.dueMs === dueMs) return;
    this.#clear(name);
    const delayMs = Math.min(Math.max(0, dueMs - this.clock.monotonicMs()), TIMEOUT_MS_MAX);
    const timeout = setTimeout(() => {
      this.#clear(name);
      // Longer than the longest timer there is: on with the rest.
      if (delayMs === TIMEOUT_MS_MAX) this.#set(name, dueMs);
      else ring();
    }, delayMs);
    this.#pending.set(name, { dueMs, timeout });
    if (this.#isOnRegistry) this.scheduler.addTimeout(name, timeout);
  }

  #clear(name: string): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    clearTimeout(pending.timeout);
    if (this.scheduler.doesExist('timeout', name)) this.scheduler.deleteTimeout(name);
  }
}
