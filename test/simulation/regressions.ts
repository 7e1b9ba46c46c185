import type { Scenario } from './scenario.js';
import recorded from './regressions.json' with { type: 'json' };

/** A bug that was found, and the run that shows it if it comes back; the run is kept, as a seed may come to stand for another. */
export interface Regression {
  readonly name: string;
  readonly was: string;
  readonly scenario: Scenario;
}

export const regressions = recorded as readonly Regression[];
