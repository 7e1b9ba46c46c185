import type { Clock } from '../../src/runtime/clock.js';
import { TimerQueue } from '../../src/runtime/timer-queue.js';

/** A wake-up that can be moved, of the same shape as the scheduler's alarms. */
export interface VirtualAlarm {
  set(dueMs: number): void;
  clear(): void;
}

/** The one clock and event queue of a simulated world; nothing happens between two events. */
export class VirtualTime {
  readonly #events = new TimerQueue<() => void>();
  #nowMs = 0;
  #ran = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many events have happened. */
  get ran(): number {
    return this.#ran;
  }

  at(dueMs: number, action: () => void): void {
    this.#events.add(Math.max(dueMs, this.#nowMs), action);
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.#nowMs + delayMs, action);
  }

  /** Lets everything happen that is due until `untilMs`, which is then the time. */
  run(untilMs: number): void {
    for (let dueMs = this.#events.nextDueMs; dueMs !== undefined && dueMs <= untilMs; dueMs = this.#events.nextDueMs) {
      this.#nowMs = dueMs;
      this.#ran++;
      this.#events.takeDue(dueMs)?.();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs in steps until `isReached`; false when it was not by `untilMs`. */
  runUntil(isReached: () => boolean, untilMs: number, stepMs = 10): boolean {
    while (!isReached()) {
      if (this.#nowMs >= untilMs) return false;
      this.run(Math.min(this.#nowMs + stepMs, untilMs));
    }
    return true;
  }

  alarm(ring: () => void): VirtualAlarm {
    let pendingDueMs: number | undefined;
    return {
      clear: () => (pendingDueMs = undefined),
      set: (dueMs) => {
        if (pendingDueMs === dueMs) return;
        pendingDueMs = dueMs;
        this.at(dueMs, () => {
          if (pendingDueMs !== dueMs) return;
          pendingDueMs = undefined;
          ring();
        });
      },
    };
  }

  /** A node's clocks: a wall clock that is off by `offsetMs`, and the common monotonic one. */
  clock(offsetMs = 0): Clock {
    return { wallMs: () => EPOCH_MS + Math.floor(this.#nowMs) + offsetMs, monotonicMs: () => this.#nowMs };
  }
}

const EPOCH_MS = Date.UTC(2026, 0, 1);
