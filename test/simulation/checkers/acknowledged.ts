import type { SimulatedBundle } from '../memory-log.js';
import type { World } from '../world.js';

/** A message that is acknowledged at level n is on n disks at that moment. */
export class Acknowledged {
  readonly problems: string[] = [];
  #asked = 0;
  #told = 0;
  readonly #awaited = new Map<number, { readonly bundle: SimulatedBundle; readonly level: number | 'all' }>();

  get told(): number {
    return this.#told;
  }

  /** Lets the publisher of a bundle await a level. */
  ask(world: World, bundle: SimulatedBundle, level: number | 'all'): void {
    const id = ++this.#asked;
    this.#awaited.set(id, { bundle, level });
    const { stream, lastSeq } = bundle;
    world.node(stream.publisher).handle({ type: 'await', id, stream: stream.id, seq: lastSeq, level });
  }

  sawReached(world: World, id: number, confirmed: number): void {
    const { bundle, level } = this.#awaited.get(id)!;
    const { stream, lastSeq } = bundle;
    this.#told++;
    const copies = world.copiesOf(stream.id, lastSeq);
    const isEnough = copies >= confirmed && (level === 'all' || confirmed >= level);
    if (!isEnough) this.problems.push(`${confirmed} confirmed ${lastSeq} of ${stream.topic}, ${copies} disks have it`);
  }
}
