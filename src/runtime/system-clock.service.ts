import { Injectable } from '@nestjs/common';
import type { Clock } from './clock.js';
import { SteadyWall } from './steady-wall.js';

/** The machine's clocks; the wall clock never goes back while the process runs, nor behind what it was in the life before. */
@Injectable()
export class SystemClock implements Clock {
  readonly wallMs: Clock['wallMs'];
  /** The wall clock stood here in an earlier life of the node. */
  readonly notBefore: (wallMs: number) => void;

  constructor() {
    const wall = new SteadyWall();
    this.wallMs = () => wall.read(Date.now(), this.monotonicMs());
    this.notBefore = (wallMs) => wall.notBefore(wallMs, Date.now());
  }

  /** The machine's wall clock as it is now, for times that others set: it may go back. */
  machineMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
