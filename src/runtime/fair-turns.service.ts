import { Injectable } from '@nestjs/common';
import { SystemClock } from './system-clock.service.js';

/** Longest that work which only waits for itself goes on in one turn of the event loop. */
export const TURN_MS = 5;

/**
 * Work that goes on in promises alone never lets sockets and timers have their turn: an application that publishes, awaits and
 * publishes again. Whoever does a piece of such work asks right before it, and waits for a further turn as long as one is over.
 */
@Injectable()
export class FairTurns {
  #untilMs: number | undefined;

  constructor(private readonly clock: SystemClock) {}

  /** Whether this turn has gone on for long enough. */
  isOver(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (this.#untilMs !== undefined) return nowMs >= this.#untilMs;
    this.#untilMs = nowMs + TURN_MS;
    setImmediate(() => (this.#untilMs = undefined));
    return false;
  }
}
