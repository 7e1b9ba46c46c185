/**
 * Values under topic names, found by topic or pattern: the counterpart of `PatternTree`. Finding costs what is found and the levels
 * above it, not what is held. May be gone through over several turns: what is added or deleted in between is found or not.
 */
export class TopicTree<V extends object> {
  readonly #root = new Branch<V>();

  get(topic: string): V | undefined {
    let branch: Branch<V> | undefined = this.#root;
    for (const token of topic.split('.')) branch = branch?.children.get(token);
    return branch?.value;
  }

  set(topic: string, value: V): void {
    let branch = this.#root;
    for (const token of topic.split('.')) branch = branch.grow(token);
    branch.value = value;
  }

  delete(topic: string): void {
    const path: { readonly parent: Branch<V>; readonly token: string; readonly branch: Branch<V> }[] = [];
    let parent = this.#root;
    for (const token of topic.split('.')) {
      const branch = parent.children.get(token);
      if (branch === undefined) return;
      path.push({ parent, token, branch });
      parent = branch;
    }
    parent.value = undefined;
    for (const step of path.reverse()) {
      if (step.branch.value !== undefined || step.branch.children.size > 0) break;
      step.parent.children.delete(step.token);
    }
  }

  /** The values of all topics that match. */
  *matching(pattern: string): Generator<V, void> {
    const tokens = pattern.split('.');
    const path = [{ branches: this.#root.matching(tokens[0]!), level: 0 }];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const next = at.branches.next();
      if (next.done === true) {
        path.pop();
        continue;
      }
      const branch = next.value;
      const isRest = tokens[at.level] === '>';
      if (branch.value !== undefined && (isRest || at.level === tokens.length - 1)) yield branch.value;
      const level = isRest ? at.level : at.level + 1;
      if (level < tokens.length) path.push({ branches: branch.matching(tokens[level]!), level });
    }
  }
}

class Branch<V> {
  readonly children = new Map<string, Branch<V>>();
  value: V | undefined;

  grow(token: string): Branch<V> {
    let child = this.children.get(token);
    if (child === undefined) {
      child = new Branch();
      this.children.set(token, child);
    }
    return child;
  }

  /** The children that a token of a pattern means. */
  matching(token: string): Iterator<Branch<V>> {
    if (token === '*' || token === '>') return this.children.values();
    const child = this.children.get(token);
    return (child === undefined ? [] : [child]).values();
  }
}
