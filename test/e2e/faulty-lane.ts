import type { Socket } from 'node:net';

/** What happens to the bytes that one node sends to another; nothing is the network as it should be. */
export interface LaneFault {
  /** Bytes arrive later by this; order is kept, as TCP does. */
  readonly delayMs?: number;
  /** The delay varies by up to this in both directions. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** Bytes are read and thrown away, and the end of the connection is not told either: a lost cable. */
  readonly isCut?: boolean;
  /** Nothing is read, so that the sender's buffers fill: a receiver that stopped reading. */
  readonly isStuck?: boolean;
}

/** Bytes on their way in one lane; above it the sender has to wait, as with a full router. */
const BYTES_UNDERWAY_MAX = 1024 * 1024;

/** One direction of a proxied connection. */
export class FaultyLane {
  readonly #underway: { readonly chunk: Buffer; readonly dueMs: number }[] = [];
  #bytesUnderway = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #fault: LaneFault = {};
  #hasEnded = false;
  /** Whether bytes were thrown away: what comes after them makes no sense to the receiver. */
  hasLost = false;

  constructor(
    private readonly source: Socket,
    private readonly target: Socket,
    private readonly pass: (chunk: Buffer) => Buffer,
    private readonly lose: (bytes: number) => void,
    private readonly random: () => number,
  ) {
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('close', () => this.#sourceClosed());
    target.on('drain', () => this.#flow());
    target.on('close', () => clearTimeout(this.#timer));
  }

  set fault(fault: LaneFault) {
    this.#fault = fault;
    this.#flow();
  }

  #take(chunk: Buffer): void {
    if (this.#fault.isCut === true) return this.#lose(chunk);
    const passed = this.pass(chunk);
    if (this.#fault.delayMs === undefined && this.#fault.bytesPerSecond === undefined && this.#underway.length === 0) {
      this.target.write(passed);
    } else {
      this.#underway.push({ chunk: passed, dueMs: this.#dueMs(passed.length) });
      this.#bytesUnderway += passed.length;
      this.#arm();
    }
    this.#flow();
  }

  #lose(chunk: Buffer): void {
    this.hasLost = true;
    this.lose(chunk.length);
  }

  #dueMs(length: number): number {
    const { delayMs = 0, jitterMs = 0, bytesPerSecond = Infinity } = this.#fault;
    const transferMs = (length / bytesPerSecond) * 1_000;
    const arrivalMs = performance.now() + delayMs + (this.random() * 2 - 1) * jitterMs;
    this.#lastDueMs = Math.max(arrivalMs, this.#lastDueMs) + transferMs;
    return this.#lastDueMs;
  }

  #arm(): void {
    const next = this.#underway[0];
    if (next === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#deliverDue(), Math.max(0, next.dueMs - performance.now()));
  }

  #deliverDue(): void {
    this.#timer = undefined;
    while (this.#underway[0] !== undefined && this.#underway[0].dueMs <= performance.now()) {
      const { chunk } = this.#underway.shift()!;
      this.#bytesUnderway -= chunk.length;
      if (this.#fault.isCut === true) this.#lose(chunk);
      else this.target.write(chunk);
    }
    if (this.#hasEnded && this.#underway.length === 0) this.target.destroy();
    this.#arm();
    this.#flow();
  }

  /** Reads on or not, as the fault and the other end want it. */
  #flow(): void {
    const isFull = this.target.writableNeedDrain || this.#bytesUnderway > BYTES_UNDERWAY_MAX;
    if (this.#fault.isStuck === true || (isFull && this.#fault.isCut !== true)) this.source.pause();
    else this.source.resume();
  }

  #sourceClosed(): void {
    this.#hasEnded = true;
    if (this.#fault.isCut === true) this.hasLost = true;
    else if (this.#underway.length === 0) this.target.destroy();
  }
}
