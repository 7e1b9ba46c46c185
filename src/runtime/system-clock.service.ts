import { Injectable } from '@nestjs/common';
import type { Clock } from './clock.js';
import { SteadyWall } from './steady-wall.js';

/** The machine's clocks; the wall clock never goes back while the process runs. */
@Injectable()
export class SystemClock implements Clock {
  readonly wallMs: Clock['wallMs'];

  constructor() {
    const wall = new SteadyWall();
    this.wallMs = () => wall.read(Date.now(), this.monotonicMs());
  }

  monotonicMs(): number {
    return performance.now();
  }
}
