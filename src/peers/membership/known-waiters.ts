/** Those who wait until all live nodes know of this node's interest, each no longer than it asked for. */
export class KnownWaiters {
  #waiters: { readonly dueMs: number; readonly resume: () => void }[] = [];

  /** When the next one has waited long enough, or undefined when nobody waits. */
  get nextDueMs(): number | undefined {
    return this.#waiters.reduce<number | undefined>(
      (next, { dueMs }) => (next === undefined || dueMs < next ? dueMs : next),
      undefined,
    );
  }

  add(dueMs: number, resume: () => void): void {
    this.#waiters.push({ dueMs, resume });
  }

  /** Lets go those whose time is over, and all of them when `isKnown`. */
  check(isKnown: boolean, nowMs: number): void {
    const due = this.#waiters.filter(({ dueMs }) => isKnown || dueMs <= nowMs);
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const { resume } of due) resume();
  }
}
