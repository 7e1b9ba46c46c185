/** How many logs a publisher asked for. */
export type Level = 'local' | 'all' | number;

/** A publication that a node said it has. */
export interface Accepted {
  /** What was published: a number that no other publication has. */
  readonly value: number;
  readonly topic: string;
  readonly level: Level;
  /** Logs that hold it, by the receipt. */
  readonly confirmed: number;
  readonly node: string;
  readonly id: string;
  readonly stream: string;
  readonly seq: number;
  readonly sentMs: number;
}

/** A message as a subscriber got it. */
export interface Received {
  readonly value: number;
  readonly stream: string;
  readonly seq: number;
  /** From before it was published until it came, by this process's clock. */
  readonly latencyMs: number;
  readonly atMs: number;
}

/** Messages that a subscriber was told it will not get, both ends included. */
export interface ToldGap {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** All that one subscriber got of one topic since it subscribed. */
export interface Told {
  readonly subscriber: string;
  readonly topic: string;
  readonly received: readonly Received[];
  readonly gaps: readonly ToldGap[];
}

/** What became of everything that was published. */
export class Ledger {
  readonly accepted: Accepted[] = [];
  /** Why publications were refused, in the end, and how many. */
  readonly refused = new Map<string, number>();
  attempts = 0;
  #lastValue = 0;

  /** A number for the next publication. */
  next(): number {
    return ++this.#lastValue;
  }

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  get refusedCount(): number {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Publications that a node refused, those not counted that found no node or got no answer. */
  get refusedByNodes(): number {
    return this.refusedCount - (this.refused.get('unreachable') ?? 0) - (this.refused.get('timeout') ?? 0);
  }
}
