/**
 * Values under topic patterns, found by topic name. A tree by token, so matching costs the levels of the topic and
 * the patterns that share them, not the number of patterns. Each (pattern, value) pair is held once.
 */
export class PatternTree<V> {
  readonly #root = new Branch<V>();
  #size = 0;

  /** How many (pattern, value) pairs are held. */
  get size(): number {
    return this.#size;
  }

  /** False when the pair was already there. */
  add(pattern: string, value: V): boolean {
    let branch = this.#root;
    for (const token of pattern.split('.')) branch = branch.grow(token);
    if (branch.values.has(value)) return false;
    branch.values.add(value);
    this.#size++;
    return true;
  }

  /** False when the pair was not there. */
  delete(pattern: string, value: V): boolean {
    const path: { branch: Branch<V>; token: string }[] = [];
    let branch = this.#root;
    for (const token of pattern.split('.')) {
      const next = branch.children.get(token);
      if (next === undefined) return false;
      path.push({ branch, token });
      branch = next;
    }
    if (!branch.values.delete(value)) return false;
    this.#size--;
    for (const step of path.reverse()) {
      if (!step.branch.children.get(step.token)?.isEmpty) break;
      step.branch.children.delete(step.token);
    }
    return true;
  }

  /** The values of all patterns that `topic` matches, each once. */
  match(topic: string): Set<V> {
    const found = new Set<V>();
    let level: Branch<V>[] = [this.#root];
    for (const token of topic.split('.')) {
      const next: Branch<V>[] = [];
      for (const branch of level) {
        branch.children.get('>')?.values.forEach((value) => found.add(value));
        const same = branch.children.get(token);
        if (same !== undefined) next.push(same);
        const any = branch.children.get('*');
        if (any !== undefined) next.push(any);
      }
      if (next.length === 0) return found;
      level = next;
    }
    for (const branch of level) branch.values.forEach((value) => found.add(value));
    return found;
  }

  /** Whether any pattern matches `topic`. */
  matches(topic: string): boolean {
    return this.match(topic).size > 0;
  }
}

class Branch<V> {
  readonly children = new Map<string, Branch<V>>();
  readonly values = new Set<V>();

  get isEmpty(): boolean {
    return this.children.size === 0 && this.values.size === 0;
  }

  grow(token: string): Branch<V> {
    let child = this.children.get(token);
    if (child === undefined) {
      child = new Branch();
      this.children.set(token, child);
    }
    return child;
  }
}
