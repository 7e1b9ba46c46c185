import { describe, expect, it } from 'vitest';
import { Awareness } from '../../../src/peers/membership/awareness.js';
import { PROFILES } from '../../../src/peers/membership/profile.js';
import { Suspicion } from '../../../src/peers/membership/suspicion.js';

const profile = PROFILES.lan;
const accused = { epoch: 1, incarnation: 0 };
const shortestMs = profile.suspicionPeriods * profile.periodMs;
const longestMs = shortestMs * profile.suspicionStretch;

describe('a suspicion', () => {
  it('lasts longest while one node alone accuses', () => {
    const suspicion = new Suspicion(accused, { profile, live: 8, nowMs: 100 });
    suspicion.accusedBy(1);
    expect(suspicion.deadlineMs).toBe(100 + longestMs);
  });

  it('shrinks with every confirmation and ends at the shortest with three', () => {
    const suspicion = new Suspicion(accused, { profile, live: 8, nowMs: 0 });
    const deadlines = [1, 2, 3, 4, 5].map((accusers) => {
      suspicion.accusedBy(accusers);
      return suspicion.deadlineMs;
    });
    expect(deadlines[1]).toBeCloseTo(longestMs - (longestMs - shortestMs) * (Math.log(2) / Math.log(4)));
    expect(deadlines.slice(3)).toEqual([shortestMs, shortestMs]);
    expect(deadlines).toEqual(deadlines.toSorted((a, b) => b - a));
  });

  it('never grows again', () => {
    const suspicion = new Suspicion(accused, { profile, live: 8, nowMs: 0 });
    suspicion.accusedBy(4);
    suspicion.accusedBy(1);
    expect(suspicion.deadlineMs).toBe(shortestMs);
  });

  it('waits for nobody when nobody could confirm', () => {
    expect(new Suspicion(accused, { profile, live: 2, nowMs: 0 }).deadlineMs).toBe(shortestMs);
  });

  it('expects two confirmations in a cluster of four', () => {
    const suspicion = new Suspicion(accused, { profile, live: 4, nowMs: 0 });
    suspicion.accusedBy(3);
    expect(suspicion.deadlineMs).toBe(shortestMs);
  });

  it('grows with the logarithm of the cluster', () => {
    expect(new Suspicion(accused, { profile, live: 100, nowMs: 0 }).deadlineMs).toBe(2 * longestMs);
  });

  it('gives the accused the time in which this node stood still', () => {
    const suspicion = new Suspicion(accused, { profile, live: 8, nowMs: 0 });
    suspicion.excuse(250);
    expect(suspicion.deadlineMs).toBe(longestMs + 250);
    expect(suspicion.startedMs).toBe(250);
  });
});

describe('local health', () => {
  it('stretches times while this node is slow, up to eightfold, and recovers', () => {
    const awareness = new Awareness();
    expect(awareness.stretch(100)).toBe(100);
    awareness.praise();
    awareness.blame();
    expect(awareness.stretch(100)).toBe(200);
    for (let i = 0; i < 20; i++) awareness.blame();
    expect(awareness.stretch(100)).toBe(800);
    for (let i = 0; i < 20; i++) awareness.praise();
    expect(awareness.stretch(100)).toBe(100);
  });
});
