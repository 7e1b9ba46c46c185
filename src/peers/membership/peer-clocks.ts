import type { NodeId } from '../node-id.js';

/** What both clocks of this node say. */
export interface OwnClocks {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What probes showed of others' clocks, and of the way there. */
export class PeerClocks {
  readonly #rttMs = new Map<NodeId, number>();
  /** The wall clocks of others minus the monotonic one of this node: so a step of the own wall clock spoils none. */
  readonly #clocks = new Map<NodeId, number>();

  /** A probe over the link was answered. */
  measured(id: NodeId, { rttMs, clockOffsetMs }: { rttMs: number; clockOffsetMs: number }, own: OwnClocks): void {
    this.#rttMs.set(id, rttMs);
    this.heard(id, clockOffsetMs, own);
  }

  /** Its wall clock is ahead of the own by so much. */
  heard(id: NodeId, clockOffsetMs: number, { wallMs, monotonicMs }: OwnClocks): void {
    this.#clocks.set(id, clockOffsetMs + wallMs - monotonicMs);
  }

  /** The next link may lead to another life of the peer, with another clock. */
  linkDown(id: NodeId): void {
    this.#rttMs.delete(id);
  }

  forget(id: NodeId): void {
    this.#clocks.delete(id);
  }

  /** Undefined until a probe over this link was answered. */
  rttMs(id: NodeId): number | undefined {
    return this.#rttMs.get(id);
  }

  /** Its wall clock minus the own, as it was last known. */
  offsetMs(id: NodeId, { wallMs, monotonicMs }: OwnClocks): number | undefined {
    const clockMs = this.#clocks.get(id);
    return clockMs === undefined ? undefined : clockMs + monotonicMs - wallMs;
  }
}
