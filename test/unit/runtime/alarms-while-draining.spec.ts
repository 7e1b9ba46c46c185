import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';

/** Drains by waiting for an alarm that was set before. */
@Injectable()
class Drainer implements BeforeApplicationShutdown {
  isDrained = false;
  readonly #rang: Promise<void>;

  constructor(alarms: Alarms, clock: SystemClock) {
    this.#rang = new Promise((resolve) => alarms.create('drained', resolve).set(clock.monotonicMs() + 200));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#rang;
    this.isDrained = true;
  }
}

it('alarms still ring while the application drains, when the scheduler has silenced its own timers', async () => {
  const app = await Test.createTestingModule({
    imports: [ScheduleModule.forRoot()],
    providers: [SystemClock, Alarms, Drainer],
  }).compile();
  await app.init();
  await app.close();
  expect(app.get(Drainer).isDrained).toBe(true);
});
