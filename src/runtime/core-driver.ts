import type { Core, Schedule, TimerExpired } from './core.js';
import { TimerQueue } from './timer-queue.js';

/** What a driver needs of the world: the time, and to be woken once. */
export interface DriverWorld {
  nowMs(): number;
  /** Calls `CoreDriver.wake` at `dueMs`; a later call replaces the earlier one. */
  wakeAt(dueMs: number): void;
}

/**
 * Feeds one core from one queue, so that a core never re-enters itself; keeps its timers and hands every other output
 * to `carryOut`. The same driver runs a core over real sockets and in the simulator.
 */
export class CoreDriver<Input, Timer, Output> {
  readonly #inputs: (Input | TimerExpired<Timer>)[] = [];
  readonly #timers = new TimerQueue<Timer>();
  #isRunning = false;

  constructor(
    private readonly core: Core<Input | TimerExpired<Timer>, Output | Schedule<Timer>>,
    private readonly world: DriverWorld,
    private readonly carryOut: (output: Output) => void,
  ) {}

  handle(input: Input | TimerExpired<Timer>): void {
    this.#inputs.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#run(next);
    } finally {
      this.#isRunning = false;
      this.#setAlarm();
    }
  }

  /** Delivers the timers that are due. */
  wake(): void {
    const nowMs = this.world.nowMs();
    for (let timer = this.#timers.takeDue(nowMs); timer !== undefined; timer = this.#timers.takeDue(nowMs)) {
      this.handle({ type: 'timer', timer });
    }
    this.#setAlarm();
  }

  #run(input: Input | TimerExpired<Timer>): void {
    const nowMs = this.world.nowMs();
    for (const output of this.core.handle(input, nowMs)) {
      if (isSchedule<Timer>(output)) this.#timers.add(nowMs + output.afterMs, output.timer);
      else this.carryOut(output);
    }
  }

  #setAlarm(): void {
    const dueMs = this.#timers.nextDueMs;
    if (dueMs !== undefined) this.world.wakeAt(dueMs);
  }
}

function isSchedule<Timer>(output: unknown): output is Schedule<Timer> {
  return (output as { type?: unknown }).type === 'schedule';
}
