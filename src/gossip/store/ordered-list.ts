/** Items in the order of `compare`, for adding at the end and taking from the start mostly. */
export class OrderedList<T> {
  #items: (T | undefined)[] = [];
  /** Items before it were taken out; cutting them off each time would move all that follow. */
  #start = 0;

  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.#items.length - this.#start;
  }

  add(item: T): void {
    const last = this.#items.at(-1);
    if (last === undefined || this.size === 0 || this.compare(last, item) < 0) this.#items.push(item);
    else
      this.#items.splice(
        this.#firstNotBelow((other) => this.compare(other, item) < 0),
        0,
        item,
      );
  }

  /** False when it is not there. */
  remove(item: T): boolean {
    const at = this.#firstNotBelow((other) => this.compare(other, item) < 0);
    if (at >= this.#items.length || this.#items[at] !== item) return false;
    if (at === this.#start) this.#takeFirst();
    else this.#items.splice(at, 1);
    return true;
  }

  /** Those for which `isBelow` no longer holds; it must hold for the first ones only. Not to be held across changes. */
  *from(isBelow: (item: T) => boolean): Generator<T> {
    for (let at = this.#firstNotBelow(isBelow); at < this.#items.length; at++) yield this.#items[at]!;
  }

  #takeFirst(): void {
    // What was taken out must not be kept alive.
    this.#items[this.#start++] = undefined;
    if (this.#start * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  #firstNotBelow(isBelow: (item: T) => boolean): number {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(this.#items[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
