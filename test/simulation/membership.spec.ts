import { describe, expect, it } from 'vitest';
import { MembershipWorld } from './membership-world.js';

const SEEDS = [1, 2, 3, 4, 5];
const DETECTION_MS_MAX = 3_000;

describe.each([3, 4, 8, 32])('a cluster of %i', (size) => {
  it.each(SEEDS)('finds itself and agrees (seed %i)', (seed) => {
    const world = new MembershipWorld(size, seed);
    expect(world.calmWithin(3_000)).toBeLessThanOrEqual(3_000);
    expect(world.said('dead')).toEqual([]);
  });

  it.each(SEEDS)('sees a killed node dead within three seconds, and it alone (seed %i)', (seed) => {
    const world = MembershipWorld.calm(size, seed);
    const victim = world.ids[seed % size]!;
    world.network.crash(victim);
    expect(world.agreeWithin(victim, 'dead', 10_000)).toBeLessThanOrEqual(DETECTION_MS_MAX);
    world.time.run(world.time.nowMs + 5_000);
    expect(new Set(world.said('dead').map((sighting) => sighting.subject))).toEqual(new Set([victim]));
    expect(world.isCalm()).toBe(true);
  });

  it.each(SEEDS)('sees a frozen node dead within three seconds, and takes it back when it thaws (seed %i)', (seed) => {
    const world = MembershipWorld.calm(size, seed);
    const victim = world.ids[seed % size]!;
    world.network.pause(victim);
    expect(world.agreeWithin(victim, 'dead', 10_000)).toBeLessThanOrEqual(DETECTION_MS_MAX);
    world.network.resume(victim);
    expect(world.calmWithin(5_000)).toBeLessThanOrEqual(5_000);
    expect(new Set(world.said('dead').map((sighting) => sighting.subject))).toEqual(new Set([victim]));
  });
});

describe('a cluster of four', () => {
  it.each(SEEDS)('takes a restarted node for a new life of the same one (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed);
    const id = world.ids[3]!;
    world.network.crash(id);
    world.agreeWithin(id, 'dead', 10_000);
    world.start(id);
    expect(world.calmWithin(3_000)).toBeLessThanOrEqual(3_000);
    expect(world.at(0).directory.members()).toHaveLength(4);
  });

  it.each(SEEDS)('forgives stalls of the event loop of 300 ms at any node (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed);
    for (let stall = 0; stall < 40; stall++) {
      const victim = world.random.pick(world.ids)!;
      world.network.pause(victim);
      world.time.run(world.time.nowMs + 300);
      world.network.resume(victim);
      world.time.run(world.time.nowMs + world.random.between(20, 500));
    }
    expect(world.said('dead')).toEqual([]);
    expect(world.calmWithin(3_000)).toBeLessThanOrEqual(3_000);
  });

  it.each(SEEDS)('keeps A and D alive to each other through B and C when their link is cut (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed);
    const [a, , , d] = world.ids as [string, string, string, string];
    world.network.cut(a, d, { breaks: true });
    world.time.run(world.time.nowMs + 60_000);
    expect(world.network.isLinked(a, d)).toBe(false);
    expect(world.said('dead')).toEqual([]);
    expect(world.isCalm()).toBe(true);
  });

  it.each(SEEDS)(
    'keeps both alive when frames get lost one way only, and gives the stuck link up (seed %i)',
    (seed) => {
      const world = MembershipWorld.calm(4, seed);
      const [a, , , d] = world.ids as [string, string, string, string];
      world.network.cut(a, d, { oneWay: true });
      world.time.run(world.time.nowMs + 60_000);
      expect(world.network.isLinked(a, d)).toBe(false);
      expect(world.said('dead')).toEqual([]);
      world.network.heal(a, d);
      world.time.run(world.time.nowMs + 1_000);
      expect(world.network.isLinked(a, d)).toBe(true);
      expect(world.isCalm()).toBe(true);
    },
  );

  it.each(SEEDS)('goes on as two halves, which find each other again (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed);
    const [a, b, c, d] = world.ids as [string, string, string, string];
    world.network.partition(
      [
        [a, b],
        [c, d],
      ],
      { breaks: seed % 2 === 0 },
    );
    world.time.run(world.time.nowMs + 30_000);
    for (const node of world.running()) expect(node.directory.live()).toHaveLength(2);
    world.network.healAll();
    expect(world.calmWithin(5_000)).toBeLessThanOrEqual(5_000);
  });

  it.each(SEEDS)('sees a leaving node left, never dead, and it need not wait (seed %i)', (seed) => {
    const world = MembershipWorld.calm(4, seed);
    const leaver = world.at(2);
    leaver.leave();
    world.time.run(world.time.nowMs + 50);
    expect(leaver.hasDeparted).toBe(true);
    world.network.crash(leaver.id);
    world.time.run(world.time.nowMs + 10_000);
    for (const node of world.running()) expect(node.state(leaver.id)).toBe('left');
    expect(world.said('suspect')).toEqual([]);
  });

  it('lets the last survivor see the three others dead', () => {
    const world = MembershipWorld.calm(4, 1);
    for (const id of world.ids.slice(1)) world.network.crash(id);
    world.time.run(world.time.nowMs + DETECTION_MS_MAX);
    expect(world.at(0).directory.live()).toHaveLength(1);
  });
});

describe('the directory', () => {
  it.each(SEEDS)('tells everybody who wants what, and the node how many know (seed %i)', (seed) => {
    const world = MembershipWorld.calm(8, seed);
    const startMs = world.time.nowMs;
    world.at(3).want([{ pattern: 'news.*', sinceMs: 5 }]);
    world.time.run(startMs + 120);
    expect(world.at(3).core.known).toEqual({ by: 8, of: 8 });
    for (const node of world.running()) expect(node.directory.interested('news.eu')).toEqual([world.ids[3]]);
    world.at(3).want([]);
    world.time.run(startMs + 240);
    for (const node of world.running()) expect(node.directory.interested('news.eu')).toEqual([]);
    expect(world.isCalm()).toBe(true);
  });

  it('is the same for a late joiner, the dead included', () => {
    const world = MembershipWorld.calm(6, 7);
    world.at(2).want([{ pattern: 'chat', sinceMs: 1 }]);
    for (const index of [4, 5]) world.network.crash(world.ids[index]!);
    world.agreeWithin(world.ids[4]!, 'dead', 10_000);
    world.agreeWithin(world.ids[5]!, 'dead', 10_000);
    const startMs = world.time.nowMs;
    const late = world.start(world.ids[5]!);
    expect(world.calmWithin(2_000)).toBeLessThanOrEqual(2_000);
    expect(late.state(world.ids[4]!)).toBe('dead');
    expect(late.directory.interested('chat')).toEqual([world.ids[2]]);
    expect(world.said('dead', startMs).map((sighting) => sighting.node)).toEqual([late.id]);
  });
});

describe('chaos, then calm', () => {
  it.each([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])('ends in agreement (seed %i)', (seed) => {
    expect(chaos(seed).calmWithin(15_000)).toBeLessThanOrEqual(15_000);
  });

  it('replays: the same seed gives the same trace', () => {
    const [one, other] = [chaos(42), chaos(42)];
    expect(one.sightings.length).toBeGreaterThan(20);
    expect(one.sightings).toEqual(other.sightings);
    expect(one.time.ran).toBe(other.time.ran);
  });
});

/** Twenty seconds of everything that can go wrong; at the end every process runs and nothing is cut. */
function chaos(seed: number): MembershipWorld {
  const world = MembershipWorld.calm(3 + (seed % 10), seed);
  const { network, random } = world;
  const pick = () => random.pick(world.ids)!;
  for (let step = 0; step < 60; step++) {
    const fault = random.int(8);
    const id = pick();
    if (fault === 0 && world.running().length > 2) network.crash(id);
    else if (fault === 1 && !world.node(id).process.isRunning) world.start(id);
    else if (fault === 2) network.pause(id);
    else if (fault === 3) network.resume(id);
    else if (fault === 4) network.cut(id, pick(), { oneWay: random.int(2) === 0, breaks: random.int(2) === 0 });
    else if (fault === 5) network.healAll();
    else if (fault === 6) network.breakLink(id, pick());
    else world.node(id).want([{ pattern: `topic.${random.int(5)}`, sinceMs: step }]);
    world.time.run(world.time.nowMs + random.between(0, 700));
  }
  network.healAll();
  for (const id of world.ids) {
    network.resume(id);
    if (!world.node(id).process.isRunning) world.start(id);
  }
  return world;
}
