import { setImmediate } from 'node:timers/promises';
import type { NodeId } from '../node-id.js';

/** Statements are verified for so long, then the event loop gets its turn: probes must not wait for a table of thousands. */
const SLICE_MS = 5;
/** Statements that wait per peer, and their bytes as they were received: ten times the largest answer to a request of tables. */
export const WAITING_MAX = 8_192;
export const WAITING_BYTES_MAX = 8 * 1024 * 1024;

interface Statement {
  readonly bytes: number;
  readonly verify: () => Promise<void> | void;
}

interface Lane {
  waiting: (Statement | undefined)[];
  next: number;
  /** Of those that wait and of the one that is being verified. */
  bytes: number;
}

/**
 * Verifies the statements of each peer in the order they came, all peers in turn, in short slices. What passes a bound is
 * dropped, the newest first, and comes again with the next comparison of tables.
 */
export class StatementIntake {
  readonly #lanes = new Map<NodeId, Lane>();
  #isRunning = false;

  constructor(private readonly nowMs: () => number) {}

  /** False when too many or too much of this peer waits already; nothing was taken then. */
  add(peer: NodeId, statement: Statement): boolean {
    const lane = this.#lanes.get(peer) ?? { waiting: [], next: 0, bytes: 0 };
    if (lane.waiting.length - lane.next >= WAITING_MAX || lane.bytes + statement.bytes > WAITING_BYTES_MAX)
      return false;
    this.#lanes.set(peer, lane);
    if (lane.next > WAITING_MAX) {
      lane.waiting = lane.waiting.slice(lane.next);
      lane.next = 0;
    }
    lane.waiting.push(statement);
    lane.bytes += statement.bytes;
    if (!this.#isRunning) void this.#run();
    return true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      let sliceEndMs = this.nowMs() + SLICE_MS;
      while (this.#lanes.size > 0) {
        for (const [peer, lane] of this.#lanes) {
          const statement = lane.waiting[lane.next];
          if (statement === undefined) {
            this.#lanes.delete(peer);
            continue;
          }
          // The slot is emptied at once, or what was verified would be held until the lane is cut.
          lane.waiting[lane.next++] = undefined;
          await statement.verify();
          lane.bytes -= statement.bytes;
          if (this.nowMs() < sliceEndMs) continue;
          await setImmediate();
          sliceEndMs = this.nowMs() + SLICE_MS;
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
