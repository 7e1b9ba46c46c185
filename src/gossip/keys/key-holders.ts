import type { NodeId } from '../../peers/node-id.js';
import { WALKED_PAIRS_MAX } from '../dissemination/topic-walk.js';

interface Holders {
  readonly ids: Set<NodeId>;
  /** The audience that was added last. */
  added: readonly NodeId[];
}

/**
 * Who may have the present key of each topic that this node publishes to: whoever was granted it from here, and whoever was interested while it
 * was in use, as any other node that has it may have granted it.
 */
export class KeyHolders {
  readonly #topics = new Map<string, Holders>();
  /** Where `takeDeserted` goes on. */
  #rest: Iterator<[string, Holders]> | undefined;

  /** A round through the topics has begun and not ended. */
  get isUnderWay(): boolean {
    return this.#rest !== undefined;
  }

  /** A topic has a new key, which nobody has yet. */
  began(topic: string): void {
    this.#topics.set(topic, { ids: new Set(), added: [] });
  }

  /** These are interested while the key is used; the same array says the same. */
  used(topic: string, audience: readonly NodeId[]): void {
    const holders = this.#topics.get(topic);
    if (holders === undefined || holders.added === audience) return;
    holders.added = audience;
    for (const id of audience) holders.ids.add(id);
  }

  granted(topic: string, id: NodeId): void {
    this.#topics.get(topic)?.ids.add(id);
  }

  /** The topic's key is used no more. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Topics with a holder that is no reader any more, of as many as one turn may look at; their keys are forgotten here. */
  takeDeserted(isGone: (id: NodeId, topic: string) => boolean): readonly string[] {
    this.#rest ??= this.#topics.entries();
    const deserted: string[] = [];
    let looks = 0;
    while (this.#rest !== undefined && looks < WALKED_PAIRS_MAX) {
      const next = this.#rest.next();
      if (next.done === true) {
        this.#rest = undefined;
      } else {
        const [topic, { ids }] = next.value;
        looks += ids.size + 1;
        if ([...ids].some((id) => isGone(id, topic))) deserted.push(topic);
      }
    }
    for (const topic of deserted) this.#topics.delete(topic);
    return deserted;
  }

  clear(): void {
    this.#topics.clear();
  }
}
