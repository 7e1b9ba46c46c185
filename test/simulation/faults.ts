import type { Random } from '../../src/runtime/random.js';
import type { GossipNode } from './gossip-node.js';
import type { Interests } from './interests.js';
import type { World } from './world.js';

/** What may go wrong. */
export const FAULTS = [
  'break',
  'cut',
  'cut-for-long',
  'one-way',
  'partition',
  'one-way-partition',
  'slow-link',
  'crash',
  'wipe',
  'pause',
  'stall',
  'clock-skew',
  'clock-step',
  'full-disk',
  'slow-disk',
  'retention',
  'resubscribe',
  'retained',
  'burst',
] as const;

export type Fault = (typeof FAULTS)[number];

/** How often each kind happens, compared with the others; kinds that are left out don't. */
export type FaultWeights = Partial<Record<Fault, number>>;

export const TOPICS = ['t0', 't1', 't2'];

const HOUR_MS = 3_600_000;
const REGAIN_AGAIN_MS = 500;
/** After these somebody may wait for what only a dead node has, until it is back. */
const LEAVES_GAPS: readonly Fault[] = ['retention', 'wipe', 'full-disk', 'retained', 'clock-step', 'clock-skew'];

/** Makes things go wrong at random times, and undoes all of it. */
export class Chaos {
  readonly #bag: readonly Fault[];
  readonly #crashed = new Set<string>();
  readonly #paused = new Set<string>();
  #hasEnded = false;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly interests: Interests,
    weights: FaultWeights,
  ) {
    this.#bag = FAULTS.flatMap((fault) => Array.from({ length: weights[fault] ?? 0 }, () => fault));
    world.hasRetention = weights.retention !== undefined;
    if (weights['clock-skew'] === undefined) return;
    for (const id of world.ids) world.stepClock(id, Math.round(random.between(-HOUR_MS, HOUR_MS)));
  }

  /** One more thing goes wrong; most are undone some time later. */
  step(): void {
    const { world, random } = this;
    const { network } = world;
    const [a, b] = random.shuffle(world.ids) as [string, string];
    const fault = random.pick(this.#bag);
    switch (fault) {
      case 'break':
        return network.breakLink(a, b);
      case 'cut':
        network.cut(a, b, { breaks: random.int(2) === 0 });
        return this.#later(() => network.heal(a, b));
      case 'cut-for-long':
        return network.cut(a, b, { breaks: true });
      case 'one-way':
        network.cut(a, b, { oneWay: true });
        return this.#later(() => network.heal(a, b));
      case 'partition':
      case 'one-way-partition':
        return this.#partition(fault === 'one-way-partition');
      case 'slow-link':
        network.slow(a, b, random.between(1, 30));
        return this.#later(() => network.slow(a, b, undefined));
      case 'crash':
        return this.#crash(a, false);
      case 'wipe':
        return this.#crash(a, true);
      case 'pause':
        return this.#pause(a, random.between(500, 8_000));
      case 'stall':
        return this.#pause(a, random.between(20, 400));
      case 'clock-step':
        return world.stepClock(a, random.pick([HOUR_MS, -HOUR_MS, -HOUR_MS / 6])!);
      case 'full-disk':
        world.disk(a).isFull = true;
        return this.#later(() => (world.disk(a).isFull = false));
      case 'slow-disk':
        world.disk(a).commitMs = random.between(20, 1_000);
        return this.#later(() => (world.disk(a).commitMs = 2));
      case 'retention':
        return this.isWell(a) ? this.#drop(world.node(a)) : undefined;
      case 'resubscribe':
        return this.#resubscribe(a, random.pick(TOPICS)!);
      case 'retained':
        return this.isWell(a) ? this.interests.extend(a, random.pick(TOPICS)!) : undefined;
      case 'burst':
        if (this.#crashed.has(a)) return;
        for (let left = 50; left > 0; left--) {
          world.node(a).submit(random.pick(TOPICS)!, 1 + random.int(20), () => undefined);
        }
        return;
      case 'clock-skew':
      case undefined:
    }
  }

  /** Whether a node is as it should be: neither crashed nor paused. */
  isWell(id: string): boolean {
    return !this.#crashed.has(id) && !this.#paused.has(id);
  }

  /** Undoes everything, but leaves some of the crashed nodes dead. */
  end(): void {
    this.#hasEnded = true;
    this.world.network.healAll();
    for (const id of this.world.ids) Object.assign(this.world.disk(id), { isFull: false, commitMs: 2 });
    for (const id of this.#paused) this.#resume(id);
    const areAllNeeded = LEAVES_GAPS.some((fault) => this.#bag.includes(fault));
    for (const id of this.#crashed) if (areAllNeeded || this.random.int(4) > 0) this.#restart(id);
  }

  #partition(oneWay: boolean): void {
    const { world, random } = this;
    const ids = random.shuffle(world.ids);
    const at = 1 + random.int(ids.length - 1);
    world.network.partition([ids.slice(0, at), ids.slice(at)], { oneWay, breaks: random.int(2) === 0 });
    this.#later(() => {
      for (const a of ids.slice(0, at)) for (const b of ids.slice(at)) world.network.heal(a, b);
    });
  }

  #crash(id: string, isWiped: boolean): void {
    if (this.#crashed.has(id) || this.#crashed.size >= this.world.ids.length - 2) return;
    this.#crashed.add(id);
    this.world.crash(id);
    this.#later(() => this.#restart(id, isWiped));
  }

  #restart(id: string, isEmpty = false): void {
    if (!this.#crashed.delete(id)) return;
    this.#paused.delete(id);
    this.world.restart(id, { isEmpty });
    this.interests.announce(id);
  }

  #pause(id: string, forMs: number): void {
    if (!this.isWell(id)) return;
    this.#paused.add(id);
    this.world.network.pause(id);
    this.#later(() => this.#resume(id), forMs);
  }

  #resume(id: string): void {
    if (this.#paused.delete(id)) this.world.network.resume(id);
  }

  #resubscribe(id: string, topic: string): void {
    if (!this.isWell(id)) return;
    this.interests.drop(id, topic);
    const from = this.#bag.includes('retained') && this.random.int(2) === 0 ? 'retained' : 'now';
    this.#later(() => this.#regain(id, topic, from));
  }

  /** Only a running node is asked for a subscription. */
  #regain(id: string, topic: string, from: 'now' | 'retained'): void {
    if (this.#crashed.has(id)) this.#later(() => this.#regain(id, topic, from), REGAIN_AGAIN_MS);
    else this.interests.regain(id, topic, from);
  }

  #drop(node: GossipNode): void {
    for (const { stream } of node.log.extents()) {
      for (let left = this.random.int(20); left > 0; left--) {
        const floor = node.log.dropOldest(stream.id);
        if (floor !== undefined) node.handle({ type: 'floorMoved', stream: stream.id, floor });
      }
    }
  }

  #later(undo: () => void, afterMs = this.random.between(50, 6_000)): void {
    this.world.time.after(afterMs, () => {
      if (!this.#hasEnded) undo();
    });
  }
}
