import type { World } from './world.js';

/** What each node wants, kept as a data folder keeps it: over restarts, with the time since when. */
export class Interests {
  readonly #since = new Map<string, Map<string, number>>();

  constructor(
    private readonly world: World,
    private readonly lost: (id: string, topic: string) => void,
  ) {}

  since(id: string, topic: string): number | undefined {
    return this.#since.get(id)?.get(topic);
  }

  set(id: string, topics: readonly string[]): void {
    this.#since.set(id, new Map(topics.map((topic) => [topic, this.world.wallMs])));
    this.announce(id);
  }

  drop(id: string, topic: string): void {
    if (this.#since.get(id)?.delete(topic) !== true) return;
    this.lost(id, topic);
    this.announce(id);
  }

  regain(id: string, topic: string): void {
    if (this.since(id, topic) !== undefined) return;
    this.#since.get(id)?.set(topic, this.world.wallMs);
    this.lost(id, topic);
    this.announce(id);
  }

  /** Tells the running node what it wants, also after its restart. */
  announce(id: string): void {
    const node = this.world.node(id);
    if (!node.membership.process.isRunning) return;
    node.membership.want([...(this.#since.get(id) ?? [])].map(([pattern, sinceMs]) => ({ pattern, sinceMs })));
  }
}
