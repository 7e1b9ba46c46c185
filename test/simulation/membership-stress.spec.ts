import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../src/peers/membership/profile.js';
import { MembershipWorld } from './membership-world.js';
import { LOCAL_NETWORK } from './network.js';

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);

describe.each(['local', 'lan'] as const)('with the timers of %s', (name) => {
  const profile = PROFILES[name];

  it.each(SEEDS)('a node that stands still 5 s of every 10 s takes nobody with it (F7, seed %i)', (seed) => {
    const world = MembershipWorld.calm(4 + (seed % 5), seed, profile);
    const victim = world.random.pick(world.ids)!;
    for (let stall = 0; stall < 30; stall++) {
      world.network.pause(victim);
      world.time.run(world.time.nowMs + 5_000);
      world.network.resume(victim);
      world.time.run(world.time.nowMs + 5_000);
    }
    const dead = world.said('dead').filter(({ subject }) => subject !== victim);
    expect(dead).toEqual([]);
    expect(world.calmWithin(10_000)).toBeLessThanOrEqual(10_000);
  });

  it.each(SEEDS)('a node whose stalls follow no pattern takes nobody with it (F7, seed %i)', (seed) => {
    const world = MembershipWorld.calm(3 + (seed % 6), seed, profile);
    const victim = world.random.pick(world.ids)!;
    const endMs = world.time.nowMs + 300_000;
    while (world.time.nowMs < endMs) {
      world.network.pause(victim);
      world.time.run(world.time.nowMs + world.random.between(50, 6_000));
      world.network.resume(victim);
      world.time.run(world.time.nowMs + world.random.between(20, 3_000));
    }
    const dead = world.said('dead').filter(({ subject }) => subject !== victim);
    expect(dead).toEqual([]);
    expect(world.calmWithin(10_000)).toBeLessThanOrEqual(10_000);
  });

  it.each(SEEDS)(
    'a node frozen for 20 s is dead in time and back in time, and its verdicts kill nobody (F6, seed %i)',
    (seed) => {
      const world = MembershipWorld.calm(4, seed, profile);
      const victim = world.random.pick(world.ids)!;
      const before = world.node(victim).directory.member(victim)!;
      const startMs = world.time.nowMs;
      world.network.pause(victim);
      world.time.run(startMs + 20_000);
      const detectedMs = world.said('dead').map(({ atMs }) => atMs - startMs);
      // A round of probes finds it, the probe takes a period, and then it has its time to refute.
      const { periodMs, suspicionPeriods } = profile;
      expect(Math.min(...detectedMs)).toBeGreaterThanOrEqual(suspicionPeriods * periodMs);
      expect(Math.max(...detectedMs)).toBeLessThanOrEqual((suspicionPeriods + 4) * periodMs);
      world.network.resume(victim);
      expect(world.calmWithin(5_000)).toBeLessThanOrEqual(5_000);
      expect(world.node(victim).directory.member(victim)!.incarnation).toBeGreaterThan(before.incarnation);
      world.time.run(world.time.nowMs + 60_000);
      expect(new Set(world.said('dead').map(({ subject }) => subject))).toEqual(new Set([victim]));
    },
  );

  it.each(SEEDS)('a cut one way harms nobody (F4, seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed, profile);
    const [a, , , d] = world.random.shuffle(world.ids) as [string, string, string, string];
    world.network.cut(a, d, { oneWay: true, breaks: seed % 2 === 0 });
    world.time.run(world.time.nowMs + 60_000);
    expect(world.said('dead')).toEqual([]);
    world.network.healAll();
    expect(world.calmWithin(5_000)).toBeLessThanOrEqual(5_000);
  });
});

describe('a split that lasts for days', () => {
  const DAY_MS = 24 * 3_600_000;

  it.each([1])('ends in one cluster again, after each half forgot the other (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed, PROFILES.wan, { ...LOCAL_NETWORK, redialMs: 300_000 });
    const [a, b, c, d] = world.ids as [string, string, string, string];
    world.network.partition(
      [
        [a, b],
        [c, d],
      ],
      { breaks: true },
    );
    world.time.run(world.time.nowMs + 3 * DAY_MS);
    for (const node of world.running()) expect(node.directory.members()).toHaveLength(2);
    world.network.healAll();
    // What was forgotten is only tried now and then.
    expect(world.calmWithin(700_000)).toBeLessThanOrEqual(700_000);
  });

  it.each([1, 2, 3])('a cluster that is restarted as a whole finds itself (seed %i)', (seed) => {
    const world = MembershipWorld.calm(8, seed);
    for (const id of world.ids) world.network.crash(id);
    world.time.run(world.time.nowMs + 5_000);
    for (const id of world.random.shuffle(world.ids)) {
      world.start(id);
      world.time.run(world.time.nowMs + world.random.between(0, 300));
    }
    expect(world.calmWithin(5_000)).toBeLessThanOrEqual(5_000);
  });
});
