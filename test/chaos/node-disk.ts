import { LoopDisk } from '../e2e/loop-disk.js';

/** A disk that one node has to itself: made anew for each world, and gone when the process ends. */
export class NodeDisk {
  #disk: LoopDisk | undefined;

  constructor(
    private readonly node: string,
    private readonly mebibytes: number,
  ) {
    process.once('exit', () => this.#disk?.close());
  }

  /** The disk of the present world. */
  get now(): LoopDisk {
    if (this.#disk === undefined) throw new Error(`${this.node} has no disk yet`);
    return this.#disk;
  }

  /** What a world sets for its nodes: the data folder of this one, with `more`. */
  environmentOf(name: string, more: Record<string, string> = {}): Record<string, string> {
    if (name !== this.node) return {};
    this.#disk?.close();
    this.#disk = new LoopDisk(this.mebibytes);
    return { DATA_DIR: this.#disk.path, ...more };
  }

  /** The disk from now on is what a power cut leaves of it. */
  cutPower(): void {
    const before = this.now;
    this.#disk = before.cutPower();
    before.close();
  }
}
