import { Injectable } from '@nestjs/common';
import type { Clock } from './clock.js';

/** The machine's clocks. */
@Injectable()
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
