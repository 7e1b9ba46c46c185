import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { SystemClock } from './system-clock.service.js';

/** Longest that work which only waits for itself goes on in one turn of the event loop. */
export const TURN_MS = 5;

/**
 * Work that goes on in promises alone never lets sockets and timers have their turn: an application that publishes, awaits and
 * publishes again. Whoever does a piece of such work asks for a fair turn first.
 */
@Injectable()
export class FairTurns {
  #untilMs: number | undefined;

  constructor(private readonly clock: SystemClock) {}

  /** Resolves at once while this turn is young, else in the first one in which there is time left. */
  async fairTurn(): Promise<void> {
    while (this.#isOver()) await nextTurn();
  }

  #isOver(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (this.#untilMs !== undefined) return nowMs >= this.#untilMs;
    this.#untilMs = nowMs + TURN_MS;
    setImmediate(() => (this.#untilMs = undefined));
    return false;
  }
}
