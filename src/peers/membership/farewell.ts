import type { NodeId } from '../node-id.js';

/** The number of the ping that asks for the acknowledgement of a leave; it probes nobody. */
export const FAREWELL_PROBE = 1;

/** The leave of this node: announced once, and over when every linked peer has acknowledged it, is gone, or the time is up. */
export class Farewell {
  /** Peers that have not yet acknowledged; undefined while this node stays. */
  #waiting: Set<NodeId> | undefined;
  #isSaid = false;
  #isOver = false;

  /** `over` is called once. */
  constructor(private readonly over: () => void) {}

  get isLeaving(): boolean {
    return this.#waiting !== undefined;
  }

  begin(): void {
    this.#waiting ??= new Set();
  }

  /** The leave goes to these peers now. */
  said(peers: readonly NodeId[]): void {
    this.#isSaid = true;
    this.#waiting = new Set(peers);
    this.#check();
  }

  /** The peer has acknowledged, or its link is gone. */
  settled(peer: NodeId): void {
    if (this.#waiting?.delete(peer)) this.#check();
  }

  /** Nobody is waited for any longer. */
  timeUp(): void {
    this.#waiting?.clear();
    this.#check();
  }

  #check(): void {
    if (!this.#isSaid || this.#isOver || this.#waiting?.size !== 0) return;
    this.#isOver = true;
    this.over();
  }
}
