import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';

describe('alarms', () => {
  let app: TestingModule;
  let alarms: Alarms;
  let clock: SystemClock;
  let registry: SchedulerRegistry;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [ScheduleModule.forRoot()],
      providers: [Alarms, SystemClock],
    }).compile();
    await app.init();
    alarms = app.get(Alarms);
    clock = app.get(SystemClock);
    registry = app.get(SchedulerRegistry);
  });

  afterEach(() => app.close());

  it('ring once, not before they are due, and leave the registry', async () => {
    const dueMs = clock.monotonicMs() + 20;
    const rangAtMs = await new Promise<number>((resolve) => {
      alarms.create('test', () => resolve(clock.monotonicMs())).set(dueMs);
      expect(registry.getTimeouts()).toEqual(['test']);
    });
    expect(rangAtMs).toBeGreaterThanOrEqual(dueMs - 1);
    expect(registry.getTimeouts()).toEqual([]);
  });

  it('can be set again from their own ring', async () => {
    let rings = 0;
    await new Promise<void>((resolve) => {
      const alarm = alarms.create('test', () => {
        rings++;
        if (rings === 3) resolve();
        else alarm.set(clock.monotonicMs());
      });
      alarm.set(clock.monotonicMs());
    });
    expect(rings).toBe(3);
  });

  it.each([2 ** 31, 2 ** 53, Number.POSITIVE_INFINITY, Number.MAX_VALUE])(
    'do not ring at once when they are due only in %d ms',
    async (afterMs) => {
      let rings = 0;
      alarms.create('far', () => rings++).set(clock.monotonicMs() + afterMs);
      await new Promise<void>((resolve) => alarms.create('near', resolve).set(clock.monotonicMs() + 30));
      expect(rings).toBe(0);
    },
  );

  it('take no time that is none', () => {
    expect(() => alarms.create('never', () => undefined).set(Number.NaN)).toThrow('an alarm is set to a time');
  });

  it('keep only the time set last', async () => {
    const rings: string[] = [];
    const alarm = alarms.create('moved', () => rings.push('moved'));
    alarm.set(clock.monotonicMs() + 60_000);
    alarm.set(clock.monotonicMs() + 1);
    expect(registry.getTimeouts()).toEqual(['moved']);
    await new Promise<void>((resolve) => alarms.create('later', resolve).set(clock.monotonicMs() + 30));
    expect(rings).toEqual(['moved']);
  });

  it('are silent when cleared, and when the application has shut down', async () => {
    const rings: string[] = [];
    const cleared = alarms.create('cleared', () => rings.push('cleared'));
    cleared.set(clock.monotonicMs() + 1);
    cleared.clear();
    cleared.clear();
    const other = alarms.create('other', () => rings.push('other'));
    other.set(clock.monotonicMs() + 1);
    await app.close();
    other.set(clock.monotonicMs() + 1);
    expect(registry.getTimeouts()).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rings).toEqual([]);
  });

  it('have names of their own', () => {
    alarms.create('one', () => undefined);
    expect(() => alarms.create('one', () => undefined)).toThrow('already an alarm named one');
  });

  it('may be due further away than a timer of the runtime reaches', () => {
    const alarm = alarms.create('far', () => expect.unreachable());
    alarm.set(clock.monotonicMs() + 2 ** 40);
    expect(registry.getTimeouts()).toEqual(['far']);
  });
});
