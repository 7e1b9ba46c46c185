import { SchedulerRegistry } from '@nestjs/schedule';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PublishOptions } from '../../../src/gossip/publishing/publish.js';
import {
  PUBLISHING_BYTES_MAX,
  PublishRoom,
  ROOM_WAITS_MAX,
} from '../../../src/gossip/publishing/publish-room.service.js';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import { Deadlines } from '../../../src/runtime/deadlines.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';

const HALF = PUBLISHING_BYTES_MAX / 2;
const WAIT: PublishOptions = { ack: 'local', timeoutMs: 60_000, whenFull: 'wait' };

describe('room to publish', () => {
  let alarms: Alarms;
  let room: PublishRoom;
  let told: string[];

  beforeEach(() => {
    const clock = new SystemClock();
    alarms = new Alarms(new SchedulerRegistry(), clock);
    room = new PublishRoom(new Deadlines(alarms, clock));
    told = [];
    return () => alarms.onApplicationShutdown();
  });

  const wait = (name: string, bytes: number, options = WAIT, admitted = () => undefined as void): void =>
    room.wait(bytes, options, {
      admitted: () => {
        told.push(name);
        admitted();
      },
      refused: ({ code }) => told.push(`${name} ${code}`),
    });

  it('is bounded by bytes, however large a single message is', () => {
    expect(room.take(2 * PUBLISHING_BYTES_MAX)).toBe(true);
    expect(room.take(1)).toBe(false);
    room.release(1, 2 * PUBLISHING_BYTES_MAX);
    expect(room.isUnused).toBe(true);
    expect([room.take(HALF), room.take(HALF), room.take(1)]).toEqual([true, false, true]);
  });

  it('refuses at once who does not wait, and after a while who does', async () => {
    room.changed(false);
    wait('refuses', 1, { ...WAIT, whenFull: 'refuse' });
    expect(told).toEqual(['refuses overloaded']);
    wait('waits', 1, { ...WAIT, timeoutMs: 1 });
    await expect.poll(() => told).toEqual(['refuses overloaded', 'waits overloaded']);
    room.changed(true);
    expect(told).toHaveLength(2);
    expect(room.isUnused).toBe(true);
  });

  it('goes to who came first, also past those who are small enough', () => {
    room.take(HALF);
    wait('large', PUBLISHING_BYTES_MAX);
    expect(room.take(1)).toBe(false);
    wait('small', 1);
    room.release(1, HALF);
    expect(told).toEqual(['large']);
    room.release(1, PUBLISHING_BYTES_MAX);
    expect(told).toEqual(['large', 'small']);
  });

  it('is given once to each, although who has it may give it back at once', () => {
    room.changed(false);
    for (let at = 0; at < 100; at++) wait(String(at), 10, WAIT, () => room.release(1, 10));
    room.changed(true);
    expect(told).toEqual(Array.from({ length: 100 }, (_, at) => String(at)));
    expect(room.isUnused).toBe(true);
  });

  it('is waited for by no more than a bound', () => {
    room.changed(false);
    for (let at = 0; at < ROOM_WAITS_MAX; at++) wait('', 1);
    expect(told).toEqual([]);
    wait('one more', 1);
    expect(told).toEqual(['one more overloaded']);
  });
});
