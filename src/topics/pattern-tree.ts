/**
 * Values under topic patterns, found by topic name. A tree by token, so matching costs the levels of the topic and
 * the patterns that share them, not the number of patterns. Each (pattern, value) pair is held once.
 */
export class PatternTree<V> {
  readonly #root = new Branch<V>();
  #size = 0;
  #branches = 0;

  /** How many (pattern, value) pairs are held. */
  get size(): number {
    return this.#size;
  }

  /** How many branches there are: a token each, shared by all patterns that begin alike. */
  get branches(): number {
    return this.#branches;
  }

  /** False when the pair was already there. */
  add(pattern: string, value: V): boolean {
    let branch = this.#root;
    for (const token of pattern.split('.')) branch = branch.child(token) ?? this.#grow(branch, token);
    if (!branch.add(value)) return false;
    this.#size++;
    return true;
  }

  /** False when the pair was not there. */
  delete(pattern: string, value: V): boolean {
    const tokens = pattern.split('.');
    const path: Branch<V>[] = [this.#root];
    for (const token of tokens) {
      const next = path.at(-1)!.child(token);
      if (next === undefined) return false;
      path.push(next);
    }
    if (!path.at(-1)!.remove(value)) return false;
    this.#size--;
    for (let level = tokens.length; level > 0 && path[level]!.isEmpty; level--) {
      path[level - 1]!.cut(tokens[level - 1]!);
      this.#branches--;
    }
    return true;
  }

  /** The values of exactly this pattern. */
  under(pattern: string): ReadonlySet<V> {
    let branch: Branch<V> | undefined = this.#root;
    for (const token of pattern.split('.')) branch = branch?.child(token);
    return branch?.values ?? NONE;
  }

  /** The values of all patterns that `topic` matches, each once. */
  match(topic: string): Set<V> {
    const found = new Set<V>();
    let level: Branch<V>[] = [this.#root];
    for (const token of topic.split('.')) {
      const next: Branch<V>[] = [];
      for (const branch of level) {
        branch.child('>')?.values.forEach((value) => found.add(value));
        const same = branch.child(token);
        if (same !== undefined) next.push(same);
        const any = branch.child('*');
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

  #grow(branch: Branch<V>, token: string): Branch<V> {
    this.#branches++;
    return branch.grow(token);
  }
}

/** Maps and sets are made when something comes into them: most branches of a large tree hold one child, or one value. */
class Branch<V> {
  #children: Map<string, Branch<V>> | undefined;
  #values: Set<V> | undefined;

  get values(): ReadonlySet<V> {
    return this.#values ?? NONE;
  }

  get isEmpty(): boolean {
    return this.#children === undefined && this.#values === undefined;
  }

  child(token: string): Branch<V> | undefined {
    return this.#children?.get(token);
  }

  grow(token: string): Branch<V> {
    const child = new Branch<V>();
    this.#children ??= new Map();
    this.#children.set(token, child);
    return child;
  }

  cut(token: string): void {
    this.#children?.delete(token);
    if (this.#children?.size === 0) this.#children = undefined;
  }

  /** False when it was there. */
  add(value: V): boolean {
    this.#values ??= new Set();
    if (this.#values.has(value)) return false;
    this.#values.add(value);
    return true;
  }

  /** False when it was not there. */
  remove(value: V): boolean {
    const isRemoved = this.#values?.delete(value) ?? false;
    if (this.#values?.size === 0) this.#values = undefined;
    return isRemoved;
  }
}

const NONE: ReadonlySet<never> = new Set<never>();
