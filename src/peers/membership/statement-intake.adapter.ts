import { setImmediate } from 'node:timers/promises';
import { ExpiringMap } from '../../runtime/expiring-map.js';
import { type Allowance, TokenBucket } from '../../runtime/token-bucket.js';
import type { NodeId } from '../node-id.js';

/** Statements are verified for so long, then the event loop gets its turn: probes must not wait for a table of thousands. */
const SLICE_MS = 5;
/** Statements that wait per peer, and their bytes as they were received: ten times the largest answer to a request of tables. */
export const WAITING_MAX = 8_192;
export const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/**
 * Statements that are verified per peer: a table of thousands at once, and then what a tenth to a fifth of a processor can do. Higher
 * takes a large table in sooner, lower leaves more of the processor when an admitted peer floods this node.
 */
export const VERIFIED_PER_PEER: Allowance = { burst: 4_096, perSecond: 1_000 };
/** Allowances of peers that are remembered, also over a new link; each is whole again long before it is forgotten. */
const ALLOWANCES = { keptMs: 60_000, sizeMax: 4_096 };

/** What the intake needs of the world. */
export interface StatementWorld {
  nowMs(): number;
  /** Calls `wake` at `dueMs`; a later call replaces the earlier one. */
  wakeAt(dueMs: number): void;
}

interface Statement {
  readonly bytes: number;
  /** What it takes of the peer's allowance; 1 unless it is more work than a signature. */
  readonly cost?: number;
  readonly verify: () => Promise<void> | void;
}

interface Lane {
  waiting: (Statement | undefined)[];
  next: number;
  /** Of those that wait and of the one that is being verified. */
  bytes: number;
}

/**
 * Verifies the statements of each peer in the order they came, all peers in turn, in short slices, and of each peer only so many a
 * second: the rest waits. What passes a bound is dropped, the newest first, and comes again with the next comparison of tables.
 */
export class StatementIntake {
  readonly #lanes = new Map<NodeId, Lane>();
  readonly #allowances = new ExpiringMap<NodeId, TokenBucket>(ALLOWANCES);
  #isRunning = false;

  constructor(private readonly world: StatementWorld) {}

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
    this.wake();
    return true;
  }

  /** Goes on with what may be verified by now. */
  wake(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      let sliceEndMs = this.world.nowMs() + SLICE_MS;
      for (let isAnyTaken = true; isAnyTaken;) {
        isAnyTaken = false;
        for (const [peer, lane] of this.#lanes) {
          const statement = lane.waiting[lane.next];
          if (statement === undefined) {
            this.#lanes.delete(peer);
            continue;
          }
          if (!this.#allowanceOf(peer).take(statement.cost ?? 1, this.world.nowMs())) continue;
          isAnyTaken = true;
          // The slot is emptied at once, or what was verified would be held until the lane is cut.
          lane.waiting[lane.next++] = undefined;
          await statement.verify();
          lane.bytes -= statement.bytes;
          if (this.world.nowMs() < sliceEndMs) continue;
          await setImmediate();
          sliceEndMs = this.world.nowMs() + SLICE_MS;
        }
      }
    } finally {
      this.#isRunning = false;
      this.#setAlarm();
    }
  }

  /** What still waits does so for want of allowance. */
  #setAlarm(): void {
    const nowMs = this.world.nowMs();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [peer, lane] of this.#lanes) {
      const cost = lane.waiting[lane.next]?.cost ?? 1;
      waitMs = Math.min(waitMs, this.#allowanceOf(peer).waitMs(cost, nowMs));
    }
    if (this.#lanes.size > 0) this.world.wakeAt(nowMs + Math.max(PAUSE_MS, waitMs));
  }

  #allowanceOf(peer: NodeId): TokenBucket {
    const nowMs = this.world.nowMs();
    let allowance = this.#allowances.get(peer, nowMs);
    if (allowance === undefined) {
      allowance = new TokenBucket(VERIFIED_PER_PEER, nowMs);
      this.#allowances.set(peer, allowance, nowMs);
    }
    return allowance;
  }
}

/** Waits for an allowance are no shorter, so that it is used in slices and not statement by statement. */
const PAUSE_MS = 10;
