import { beforeEach, describe, expect, it } from 'vitest';
import { Beginnings, BEGINNINGS_MAX } from '../../../../src/gossip/dissemination/beginnings.js';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000_000_000_000;

describe('the beginning of an interest that a peer named by its clock', () => {
  const clocks = { nowMs: NOW_MS, isLinked: true, rttMs: 10 as number | undefined, offsetMs: 0 as number | undefined };
  let beginnings: Beginnings;

  beforeEach(() => {
    Object.assign(clocks, { nowMs: NOW_MS, isLinked: true, rttMs: 10, offsetMs: 0 });
    beginnings = new Beginnings({
      wallMs: () => clocks.nowMs,
      isLinked: () => clocks.isLinked,
      rttMs: () => clocks.rttMs,
      offsetMs: () => clocks.offsetMs,
    });
  });

  it('is corrected by the offset of both clocks, and early rather than late', () => {
    clocks.offsetMs = HOUR_MS;
    expect(beginnings.localTimeOf('peer', NOW_MS + HOUR_MS)).toBe(NOW_MS - 5);
  });

  it('stays where it was in the own log, whichever clock is set afterwards', () => {
    const began = beginnings.localTimeOf('peer', NOW_MS);
    // The own clock leaps ahead, then the peer comes back with one that was set back.
    Object.assign(clocks, { nowMs: NOW_MS + HOUR_MS, offsetMs: -HOUR_MS });
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBe(began);
    Object.assign(clocks, { offsetMs: -2 * HOUR_MS, rttMs: undefined });
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBe(began);
    expect(beginnings.localTimeOf('peer', NOW_MS + 1)).toBeUndefined();
  });

  it('is not known before the clock of a linked peer is, and only guessed without a link', () => {
    clocks.rttMs = undefined;
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBeUndefined();
    Object.assign(clocks, { isLinked: false, offsetMs: HOUR_MS });
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBe(NOW_MS - HOUR_MS - 2);
    Object.assign(clocks, { isLinked: true, rttMs: 10, offsetMs: 0 });
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBe(NOW_MS - 5);
  });

  it('that seems to lie ahead is worked out again: that clock was set since it was measured', () => {
    expect(beginnings.localTimeOf('peer', NOW_MS + HOUR_MS)).toBe(NOW_MS + HOUR_MS - 5);
    clocks.offsetMs = HOUR_MS;
    expect(beginnings.localTimeOf('peer', NOW_MS + HOUR_MS)).toBe(NOW_MS - 5);
  });

  it('is forgotten when there are too many, the first of them first', () => {
    for (let at = 0; at <= BEGINNINGS_MAX; at++) beginnings.localTimeOf('peer', NOW_MS - at);
    clocks.offsetMs = HOUR_MS;
    expect(beginnings.localTimeOf('peer', NOW_MS - 1)).toBe(NOW_MS - 6);
    expect(beginnings.localTimeOf('peer', NOW_MS)).toBe(NOW_MS - HOUR_MS - 5);
  });
});
