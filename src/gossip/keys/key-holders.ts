import type { NodeId } from '../../peers/node-id.js';

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

  /** Topics with a holder that is no reader any more; their keys are forgotten here. */
  takeDeserted(isGone: (id: NodeId, topic: string) => boolean): readonly string[] {
    const deserted: string[] = [];
    for (const [topic, { ids }] of this.#topics) if ([...ids].some((id) => isGone(id, topic))) deserted.push(topic);
    for (const topic of deserted) this.#topics.delete(topic);
    return deserted;
  }

  clear(): void {
    this.#topics.clear();
  }
}
