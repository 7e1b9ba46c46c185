import { LANE_BYTES_MAX } from '../../src/peers/links/link-queue.js';
import type { Lane } from '../../src/peers/links/links.js';
import type { Process } from './network.js';

/** Any frame that knows its size. */
export interface Sized {
  readonly length: number;
}

/** Two processes that are joined, or about to be. */
export interface Link<Frame extends Sized> {
  readonly key: string;
  readonly directions: readonly [Direction<Frame>, Direction<Frame>];
  isBreaking: boolean;
}

interface Lanes<Frame> {
  readonly control: Frame[];
  readonly data: Frame[];
  readonly repair: Frame[];
}

/**
 * What flows one way: frames on the wire, which keep their order, and on a slow link those that wait for it by lanes, as in a real
 * link's queue: control first, of four records three prefer live data.
 */
export class Direction<Frame extends Sized> {
  readonly wire: { readonly dueMs: number; readonly frame: Frame }[] = [];
  /** The sending end has completed the handshake and not yet lost the link. */
  isOpen = false;
  isCut = false;
  isFlowing = false;
  isTransmitting = false;
  lastDueMs = 0;
  /** Undefined for a link that takes everything at once. */
  bytesPerMs: number | undefined;
  link!: Link<Frame>;
  reverse!: Direction<Frame>;
  readonly #waiting: Lanes<Frame> = { control: [], data: [], repair: [] };
  readonly #waitingBytes: Record<Lane, number> = { control: 0, data: 0, repair: 0 };
  #taken = 0;

  constructor(
    readonly from: Process<Frame>,
    readonly to: Process<Frame>,
  ) {}

  get waitingBytes(): number {
    return this.#waitingBytes.control + this.#waitingBytes.data + this.#waitingBytes.repair;
  }

  /** False when the lane is at its bound. */
  queue(lane: Lane, frame: Frame): boolean {
    if (this.#waitingBytes[lane] + frame.length > LANE_BYTES_MAX[lane]) return false;
    this.#waiting[lane].push(frame);
    this.#waitingBytes[lane] += frame.length;
    return true;
  }

  take(): Frame | undefined {
    const [first, second] = ++this.#taken % 4 === 0 ? (['repair', 'data'] as const) : (['data', 'repair'] as const);
    for (const lane of ['control', first, second] as const) {
      const frame = this.#waiting[lane].shift();
      if (frame === undefined) continue;
      this.#waitingBytes[lane] -= frame.length;
      return frame;
    }
    return undefined;
  }
}

export function linkKey(a: string, b: string): string {
  return a < b ? `${a}=${b}` : `${b}=${a}`;
}
