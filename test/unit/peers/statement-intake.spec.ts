import { describe, expect, it } from 'vitest';
import {
  StatementIntake,
  VERIFIED_PER_PEER,
  WAITING_MAX,
} from '../../../src/peers/membership/statement-intake.adapter.js';

/** Runs until all that was added is verified. */
async function untilEmpty(intake: StatementIntake, peer: string): Promise<void> {
  await new Promise<void>((resolve) => intake.add(peer, { bytes: 0, verify: resolve }));
}

function add(intake: StatementIntake, peer: string, verify: () => Promise<void> | void, bytes = 100): boolean {
  return intake.add(peer, { bytes, verify });
}

describe('statement intake', () => {
  it('verifies what a peer sent in the order it came, also when one takes longer', async () => {
    const intake = new StatementIntake({ nowMs: () => 0, wakeAt: () => undefined });
    const seen: number[] = [];
    add(intake, 'A', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(1);
    });
    add(intake, 'A', () => void seen.push(2));
    add(intake, 'A', async () => void seen.push(3));
    await untilEmpty(intake, 'A');
    expect(seen).toEqual([1, 2, 3]);
  });

  it('takes turns between peers', async () => {
    const intake = new StatementIntake({ nowMs: () => 0, wakeAt: () => undefined });
    const seen: string[] = [];
    for (let count = 0; count < 3; count++) {
      for (const peer of ['A', 'B']) add(intake, peer, async () => void seen.push(peer));
    }
    await Promise.all([untilEmpty(intake, 'A'), untilEmpty(intake, 'B')]);
    expect(seen.join('')).toMatch(/^A(BA){1,2}/);
    expect(seen.toSorted().join('')).toBe('AAABBB');
  });

  it('lets the event loop turn while it works through many', async () => {
    let nowMs = 0;
    const intake = new StatementIntake({ nowMs: () => nowMs++, wakeAt: () => undefined });
    let verified = 0;
    let verifiedAtTurn = 0;
    for (let count = 0; count < 1_000; count++) add(intake, 'A', async () => void verified++);
    setImmediate(() => (verifiedAtTurn = verified));
    await untilEmpty(intake, 'A');
    expect(verified).toBe(1_000);
    expect(verifiedAtTurn).toBeLessThan(100);
  });

  it('refuses more than a peer may have waiting, and takes more once they are verified', async () => {
    const intake = new StatementIntake({ nowMs: () => 0, wakeAt: () => undefined });
    let release: () => void = () => undefined;
    add(intake, 'A', () => new Promise((resolve) => (release = resolve)));
    let taken = 0;
    while (add(intake, 'A', async () => undefined)) taken++;
    expect(taken).toBe(WAITING_MAX);
    release();
    await expect.poll(() => add(intake, 'A', () => undefined)).toBe(true);
  });

  it('refuses more bytes than a peer may have waiting, and takes more once they are verified', async () => {
    const intake = new StatementIntake({ nowMs: () => 0, wakeAt: () => undefined });
    const segmentBytes = 256 * 1024;
    let release: () => void = () => undefined;
    add(intake, 'A', () => new Promise((resolve) => (release = resolve)), segmentBytes);
    let waitingBytes = segmentBytes;
    while (add(intake, 'A', () => undefined, segmentBytes)) waitingBytes += segmentBytes;
    expect(waitingBytes).toBe(8 * 1024 * 1024);
    expect(add(intake, 'B', () => undefined, segmentBytes)).toBe(true);
    release();
    await expect.poll(() => add(intake, 'A', () => undefined, segmentBytes)).toBe(true);
  });

  it('verifies only so many of a peer a second, and others meanwhile', async () => {
    let nowMs = 0;
    const wakes: number[] = [];
    const intake = new StatementIntake({ nowMs: () => nowMs, wakeAt: (dueMs) => void wakes.push(dueMs) });
    let verified = 0;
    const { burst, perSecond } = VERIFIED_PER_PEER;
    for (let count = 0; count < burst + perSecond; count++) add(intake, 'A', () => void verified++);
    await expect.poll(() => wakes.length).toBeGreaterThan(0);
    expect(verified).toBe(burst);
    await untilEmpty(intake, 'B');
    expect(verified).toBe(burst);
    nowMs = 100;
    intake.wake();
    await expect.poll(() => verified).toBe(burst + perSecond / 10);
    nowMs = 10_000;
    intake.wake();
    await expect.poll(() => verified).toBe(burst + perSecond);
  });

  it('charges more for what is more work than a signature', async () => {
    const intake = new StatementIntake({ nowMs: () => 0, wakeAt: () => undefined });
    let done = 0;
    const cost = VERIFIED_PER_PEER.burst / 4;
    for (let count = 0; count < 8; count++) intake.add('A', { bytes: 100, cost, verify: () => void done++ });
    await untilEmpty(intake, 'B');
    await expect.poll(() => done).toBe(4);
  });
});
