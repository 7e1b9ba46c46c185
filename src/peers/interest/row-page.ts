import type { Row } from '../directory-view.js';

/** The first rows behind a place, of rows that come in no order. */
export class RowPage {
  readonly #rows: Row[] = [];

  constructor(
    private readonly after: string,
    private readonly limit: number,
  ) {}

  /** In order, by code unit. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** Whether it is among the first of those that came so far. */
  hasPlaceFor(pattern: string): boolean {
    if (pattern <= this.after) return false;
    const last = this.#rows[this.limit - 1];
    return last === undefined ? this.limit > 0 : pattern < last.pattern;
  }

  /** To be called for what has its place, once. */
  add(row: Row): void {
    let [from, to] = [0, this.#rows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#rows[middle]!.pattern < row.pattern) from = middle + 1;
      else to = middle;
    }
    this.#rows.splice(from, 0, row);
    if (this.#rows.length > this.limit) this.#rows.pop();
  }
}
