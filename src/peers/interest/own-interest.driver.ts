import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import type { Core } from '../../runtime/core.js';
import { CoreDriver } from '../../runtime/core-driver.js';
import type { Clock } from '../../runtime/clock.js';
import type { InterestEntry } from './interest.js';
import type { InterestSegment } from './interest-segment.js';
import {
  OwnInterestCore,
  type OwnInterestInput,
  type OwnInterestOutput,
  type OwnInterestTimer,
} from './own-interest.js';

/** Drives the core that turns what this node wants into versions of its interest. */
export class OwnInterest {
  readonly #driver: CoreDriver<OwnInterestInput, OwnInterestTimer, Announcement>;
  readonly #alarm: Alarm;
  #isSet = false;
  /** The newest wish is not announced yet, as the one before went out a moment ago. */
  isPending = false;

  constructor(core: OwnInterestCore, alarms: Alarms, clock: Clock, announce: (segment: InterestSegment) => void) {
    const watched: Core<OwnInterestInput, OwnInterestOutput> = {
      handle: (input, nowMs) => {
        const outputs = core.handle(input, nowMs);
        const isScheduled = outputs.some((output) => output.type === 'schedule');
        this.isPending = isScheduled || (this.isPending && input.type !== 'timer');
        return outputs;
      },
    };
    this.#alarm = alarms.create('interest', () => this.#driver.wake());
    const world = { nowMs: () => clock.monotonicMs(), wakeAt: (dueMs: number) => this.#alarm.set(dueMs) };
    this.#driver = new CoreDriver(watched, world, (output) => announce(output.segment));
  }

  set(entries: readonly InterestEntry[]): void {
    this.#isSet = true;
    this.#driver.handle({ type: 'wanted', entries });
  }

  /** Announces an empty interest when none was set, so that it replaces that of the life before. */
  start(): void {
    if (!this.#isSet) this.set([]);
  }

  stop(): void {
    this.#alarm.clear();
  }
}

type Announcement = Extract<OwnInterestOutput, { type: 'announce' }>;
