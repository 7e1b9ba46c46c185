import type { SimulatedBundle } from '../memory-log.js';
import type { World } from '../world.js';

type Level = number | 'all';

/**
 * A message that is acknowledged at level n is on n disks, and as long as fewer than n of the disks that had it were lost, it is on one.
 * Every disk that was wiped, and every interest that was given up, takes its copy along; nothing else may.
 */
export class Acknowledged {
  readonly problems: string[] = [];
  #asked = 0;
  readonly #awaited = new Map<number, { readonly bundle: SimulatedBundle; readonly level: Level }>();
  readonly #told: { readonly bundle: SimulatedBundle; readonly confirmed: number }[] = [];

  constructor(private readonly world: World) {}

  get told(): number {
    return this.#told.length;
  }

  /** Lets the publisher of a bundle await a level. */
  ask(bundle: SimulatedBundle, level: Level): void {
    const id = ++this.#asked;
    this.#awaited.set(id, { bundle, level });
    const { stream, lastSeq } = bundle;
    this.world.node(stream.publisher).handle({ type: 'await', id, stream: stream.id, seq: lastSeq, level });
  }

  sawReached(id: number, confirmed: number): void {
    const { bundle, level } = this.#awaited.get(id)!;
    this.#told.push({ bundle, confirmed });
    if (level !== 'all' && confirmed < level) this.problems.push(`level ${level} was told with ${confirmed}`);
    this.problems.push(...this.#missing(bundle, confirmed));
  }

  /** What became of all that was acknowledged. */
  lost(): string[] {
    return this.#told.flatMap(({ bundle, confirmed }) => this.#missing(bundle, confirmed));
  }

  #missing({ stream, lastSeq }: SimulatedBundle, confirmed: number): string[] {
    const { held, lost } = this.world.copiesOf(stream.id, lastSeq);
    if (held + lost >= confirmed) return [];
    const place = `${lastSeq} of ${stream.topic}/${stream.publisher.slice(0, 4)}/${stream.epoch}`;
    return [`${confirmed} logs confirmed ${place}; ${held} have it, ${lost} that had it were lost`];
  }
}
