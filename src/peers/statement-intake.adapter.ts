import { setImmediate } from 'node:timers/promises';
import type { NodeId } from './node-id.js';

/** Statements are verified for so long, then the event loop gets its turn: probes must not wait for a table of thousands. */
const SLICE_MS = 5;
/** Statements that wait per peer; what is beyond is dropped and comes again with the next comparison of tables. */
const WAITING_MAX = 8_192;

interface Lane {
  waiting: (() => Promise<void> | void)[];
  next: number;
}

/** Verifies the statements of each peer in the order they came, all peers in turn, in short slices. */
export class StatementIntake {
  readonly #lanes = new Map<NodeId, Lane>();
  #isRunning = false;

  constructor(private readonly nowMs: () => number) {}

  /** False when too many of this peer wait already. */
  add(peer: NodeId, verify: () => Promise<void> | void): boolean {
    let lane = this.#lanes.get(peer);
    if (lane === undefined) this.#lanes.set(peer, (lane = { waiting: [], next: 0 }));
    if (lane.waiting.length - lane.next >= WAITING_MAX) return false;
    if (lane.next > WAITING_MAX) {
      lane.waiting = lane.waiting.slice(lane.next);
      lane.next = 0;
    }
    lane.waiting.push(verify);
    if (!this.#isRunning) void this.#run();
    return true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      let sliceEndMs = this.nowMs() + SLICE_MS;
      while (this.#lanes.size > 0) {
        for (const [peer, lane] of this.#lanes) {
          const verify = lane.waiting[lane.next++];
          if (verify === undefined) {
            this.#lanes.delete(peer);
            continue;
          }
          await verify();
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
