/** How long an entry lives, and how many there may be. */
export interface ExpiryBounds {
  readonly keptMs: number;
  readonly sizeMax: number;
}

/** A map whose entries all live equally long, from when they were set; above its bound the oldest go first. */
export class ExpiringMap<Key, Value> {
  readonly #entries = new Map<Key, { readonly value: Value; readonly expiresMs: number }>();

  constructor(private readonly bounds: ExpiryBounds) {}

  get(key: Key, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresMs <= nowMs ? undefined : entry.value;
  }

  set(key: Key, value: Value, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiresMs: nowMs + this.bounds.keptMs });
    // Insertion order is expiry order, as every entry lives equally long.
    for (const [oldest, { expiresMs }] of this.#entries) {
      if (expiresMs > nowMs && this.#entries.size <= this.bounds.sizeMax) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}
