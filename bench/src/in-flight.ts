/** A bound on what was begun and has not ended: how a publisher goes flat out without drowning its system. */
export class InFlight {
  #open = 0;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(private readonly max: number) {}

  /** Counts `work`; what it returns must be awaited before more is begun. */
  add(work: Promise<unknown>): Promise<void> | undefined {
    this.#open++;
    work.then(
      () => this.#ended(),
      (error: unknown) => this.#failed(error),
    );
    if (this.#open < this.max) return undefined;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #ended(): void {
    this.#open--;
    if (this.#open <= this.max / 2) this.#waiting.splice(0).forEach(({ resolve }) => resolve());
  }

  /** A publisher that is not waiting hears of it as an unhandled rejection, which ends its process. */
  #failed(error: unknown): void {
    if (this.#waiting.length === 0) throw error;
    this.#waiting.splice(0).forEach(({ reject }) => reject(error as Error));
  }
}
