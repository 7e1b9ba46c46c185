/** Connections of sockets that have not entered yet, by the address they come from. */
export class PendingSockets<Connection extends object> {
  readonly #addresses = new Map<Connection, string>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#addresses.size;
  }

  /** How many there are from one address. */
  count(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  has(connection: Connection): boolean {
    return this.#addresses.has(connection);
  }

  add(connection: Connection, address: string): void {
    this.#addresses.set(connection, address);
    this.#counts.set(address, this.count(address) + 1);
  }

  /** It has entered, or is closed. Idempotent. */
  remove(connection: Connection): void {
    const address = this.#addresses.get(connection);
    if (address === undefined) return;
    this.#addresses.delete(connection);
    const left = this.count(address) - 1;
    if (left === 0) this.#counts.delete(address);
    else this.#counts.set(address, left);
  }
}
