import { describe, expect, it } from 'vitest';
import { DiskRoom, RESERVED_BYTES, WRITE_PAUSE_MS, WRITE_TIMEOUT_MS } from '../../../src/gossip/store/disk-room.js';
import { GrapevineError } from '../../../src/runtime/errors.js';
import { HandClock } from './log-rig.js';

describe('room on the disk', () => {
  it('is what is free beyond the reserve, and what drops gave back, once', () => {
    const room = new DiskRoom(new HandClock());
    expect(room.take(10, RESERVED_BYTES + 10)).toBeUndefined();
    expect(room.take(11, RESERVED_BYTES + 10)).toMatchObject({ code: 'store-full' });
    room.gaveBack(1);
    expect(room.take(11, RESERVED_BYTES + 10)).toBeUndefined();
    expect(room.take(11, RESERVED_BYTES + 10)).toMatchObject({ code: 'store-full' });
  });

  it('is not asked for again for a while after a write failed', () => {
    const clock = new HandClock();
    const room = new DiskRoom(clock);
    const error = new GrapevineError('store-full', 'full');
    expect(room.refusal).toBeUndefined();
    room.failed(error);
    clock.nowMs += WRITE_PAUSE_MS - 1;
    expect(room.refusal).toBe(error);
    clock.nowMs += 1;
    expect(room.refusal).toBeUndefined();
  });

  it('counts as failed until bundles were written, or when a write does not end', () => {
    const clock = new HandClock();
    const room = new DiskRoom(clock);
    const error = new GrapevineError('store-failing', 'failing');
    room.failed(error);
    clock.nowMs += 10 * WRITE_PAUSE_MS;
    expect([room.failure, room.refusal]).toEqual([error, undefined]);
    expect([room.look(RESERVED_BYTES), room.look(2 * RESERVED_BYTES)]).toEqual([error, undefined]);
    room.written();
    expect(room.failure).toBeUndefined();
    room.writing(true);
    clock.nowMs += WRITE_TIMEOUT_MS;
    expect([room.failure, room.refusal]).toMatchObject([{ code: 'store-failing' }, { code: 'store-failing' }]);
    room.writing(false);
    expect([room.failure, room.refusal]).toEqual([undefined, undefined]);
  });
});
