import type { Random } from '../../src/runtime/random.js';
import type { Interests } from './interests.js';
import type { GossipNode, World } from './world.js';

/** What may go wrong; a seed picks a few of them for its world. */
export const FAULTS = [
  'break',
  'cut',
  'one-way',
  'partition',
  'crash',
  'pause',
  'burst',
  'wipe',
  'resubscribe',
  'cut-for-long',
] as const;

export type Fault = (typeof FAULTS)[number] | 'retention';

/** Makes things go wrong at random times, and undoes all of it. Swarm testing: few kinds of faults at a time find more than all at once. */
export class Chaos {
  readonly kinds: readonly Fault[];
  readonly #crashed = new Set<string>();
  readonly #paused = new Set<string>();
  #hasEnded = false;
  /** Some log has dropped messages: what is gone everywhere is told as a gap. */
  hasDropped = false;
  /** A disk was lost or an interest ended, and with it went what a node had confirmed. */
  hasForgotten = false;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly interests: Interests,
    withRetention: boolean,
  ) {
    const kinds = random.shuffle(FAULTS).slice(0, 1 + random.int(4));
    // Drawn apart, so that the seeds of regressions keep their faults.
    this.kinds = withRetention ? [...kinds, 'retention'] : kinds;
  }

  /** One more thing goes wrong, or an earlier one is undone. */
  step(): void {
    const { world, random } = this;
    const [a, b] = random.shuffle(world.ids) as [string, string];
    switch (random.pick(this.kinds)!) {
      case 'break':
        return world.network.breakLink(a, b);
      case 'cut':
        world.network.cut(a, b, { breaks: random.int(2) === 0 });
        return this.#later(() => world.network.heal(a, b));
      case 'cut-for-long':
        world.network.cut(a, b, { breaks: true });
        return;
      case 'one-way':
        world.network.cut(a, b, { oneWay: true });
        return this.#later(() => world.network.heal(a, b));
      case 'partition': {
        const ids = random.shuffle(world.ids);
        const at = 1 + random.int(ids.length - 1);
        world.network.partition([ids.slice(0, at), ids.slice(at)], { breaks: random.int(2) === 0 });
        return this.#later(() => world.network.healAll());
      }
      case 'crash':
        if (this.#crashed.size >= world.ids.length - 2 || this.#crashed.has(a)) return;
        this.#crashed.add(a);
        world.crash(a);
        return this.#later(() => this.#restart(a));
      case 'wipe':
        if (this.#crashed.size > 0) return;
        this.hasForgotten = true;
        this.#crashed.add(a);
        world.crash(a);
        return this.#later(() => this.#restart(a, true));
      case 'resubscribe': {
        if (!this.isWell(a)) return;
        const topic = `t${random.int(3)}`;
        this.hasForgotten = true;
        this.interests.drop(a, topic);
        return this.#later(() => this.interests.regain(a, topic));
      }
      case 'retention':
        if (!this.isWell(a)) return;
        this.hasDropped = true;
        return this.#drop(world.node(a));
      case 'pause':
        if (this.#paused.has(a) || this.#crashed.has(a)) return;
        this.#paused.add(a);
        world.network.pause(a);
        return this.#later(() => this.#resume(a));
      case 'burst':
        if (this.#crashed.has(a)) return;
        for (let left = 50; left > 0; left--) world.node(a).publish(`t${random.int(3)}`, 1 + random.int(20));
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
    for (const id of this.#paused) this.#resume(id);
    // Who is down may have what the others miss, and they would wait for it.
    for (const id of this.#crashed) if (this.hasDropped || this.random.int(4) > 0) this.#restart(id);
  }

  #drop(node: GossipNode): void {
    for (const { stream } of node.log.extents()) {
      for (let left = this.random.int(20); left > 0; left--) {
        const floor = node.log.dropOldest(stream.id);
        if (floor !== undefined) node.handle({ type: 'floorMoved', stream: stream.id, floor });
      }
    }
  }

  #restart(id: string, isEmpty = false): void {
    if (!this.#crashed.delete(id)) return;
    this.#paused.delete(id);
    this.world.restart(id, { isEmpty });
    this.interests.announce(id);
  }

  #resume(id: string): void {
    if (this.#paused.delete(id)) this.world.network.resume(id);
  }

  #later(undo: () => void): void {
    this.world.time.after(this.random.between(50, 6_000), () => {
      if (!this.#hasEnded) undo();
    });
  }
}
