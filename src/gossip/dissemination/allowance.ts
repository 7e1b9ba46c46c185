import type { NodeId } from '../../peers/node-id.js';

/** What peers may cost this node: each runs up a debt, which wears off with time; whoever owes a second's worth has to wait. */
export class Allowance {
  readonly #debts = new Map<NodeId, { readonly amount: number; readonly atMs: number }>();

  constructor(private readonly perSecond: number) {}

  hasSome(peer: NodeId, nowMs: number): boolean {
    return this.#debtOf(peer, nowMs) < this.perSecond;
  }

  spend(peer: NodeId, amount: number, nowMs: number): void {
    this.#debts.set(peer, { amount: this.#debtOf(peer, nowMs) + amount, atMs: nowMs });
  }

  #debtOf(peer: NodeId, nowMs: number): number {
    const debt = this.#debts.get(peer);
    return debt === undefined ? 0 : Math.max(0, debt.amount - (this.perSecond * (nowMs - debt.atMs)) / 1_000);
  }
}
