import type { World } from './world.js';

/** Since when a topic is wanted: by the node's own clock, as it tells others, and in truth; 0 is all that is retained. */
interface Since {
  readonly wallMs: number;
  readonly trueMs: number;
}

/** What each node wants, kept as a data folder keeps it: over restarts, with the time since when. */
export class Interests {
  readonly #since = new Map<string, Map<string, Since>>();

  constructor(
    private readonly world: World,
    private readonly lost: (id: string, topic: string) => void,
  ) {}

  /** Since when in truth, or undefined. */
  since(id: string, topic: string): number | undefined {
    return this.#since.get(id)?.get(topic)?.trueMs;
  }

  /** Whether it wants all that is retained of the topic, which needs no clock. */
  wantsRetained(id: string, topic: string): boolean {
    return this.#since.get(id)?.get(topic) === RETAINED;
  }

  set(id: string, topics: readonly string[]): void {
    const since = this.#now(id);
    this.#since.set(id, new Map(topics.map((topic) => [topic, since])));
    this.announce(id);
  }

  drop(id: string, topic: string): void {
    if (this.#since.get(id)?.delete(topic) !== true) return;
    this.lost(id, topic);
    this.announce(id);
  }

  /** The node wants the topic again, from now on or with all that is retained. */
  regain(id: string, topic: string, from: 'now' | 'retained' = 'now'): void {
    if (this.since(id, topic) !== undefined) return;
    this.#since.get(id)?.set(topic, from === 'now' ? this.#now(id) : RETAINED);
    this.lost(id, topic);
    this.announce(id);
  }

  /** The node wants what was before as well. */
  extend(id: string, topic: string): void {
    if (this.since(id, topic) === undefined) return;
    this.#since.get(id)?.set(topic, RETAINED);
    this.announce(id);
  }

  /** Tells the running node what it wants, also after its restart. */
  announce(id: string): void {
    const node = this.world.node(id);
    if (!node.membership.process.isRunning) return;
    const entries = [...(this.#since.get(id) ?? [])];
    this.world.notBefore(id, Math.max(0, ...entries.map(([, { wallMs }]) => wallMs)));
    node.membership.want(entries.map(([pattern, { wallMs }]) => ({ pattern, sinceMs: wallMs })));
  }

  #now(id: string): Since {
    return { wallMs: this.world.wallMsOf(id), trueMs: this.world.time.nowMs };
  }
}

const RETAINED: Since = { wallMs: 0, trueMs: 0 };
