/** Answers pulls from the own log: a bounded number at a time per peer and one a stream, further ones are told to come back. */
import type { NodeId } from '../../peers/node-id.js';
import { Allowance } from './allowance.js';
import type { Dissemination } from './dissemination.js';
import type { PullFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import { PULL_BYTES } from './repair.js';
import type { StreamId } from '../bundles/stream.js';
import type { StreamTable } from './stream-table.js';

const SERVES_PER_PEER_MAX = 8;
/** Bytes that are read for a peer in a second. */
export const SERVED_BYTES_MAX = 64 * 1024 * 1024;
/** What a pull costs besides the bytes that are read for it. */
const PULL_OVERHEAD_BYTES = 1_024;

export class Serving<B extends BundlePlace> {
  readonly #running = new Map<NodeId, Set<StreamId>>();
  readonly #allowance = new Allowance(SERVED_BYTES_MAX);

  constructor(
    private readonly table: StreamTable<B>,
    private readonly dissemination: Dissemination<B>,
    private readonly emit: (output: GossipOutput<B>) => void,
  ) {}

  pull(peer: NodeId, { stream, after, to, bytesMax }: PullFrame, nowMs: number): void {
    const state = this.table.get(stream);
    const running = this.#running.get(peer) ?? new Set();
    const isBusy = running.has(stream) || running.size >= SERVES_PER_PEER_MAX || !this.#allowance.hasSome(peer, nowMs);
    const { floor, frontier } = state?.window ?? { floor: 0, frontier: 0 };
    if (state === undefined || isBusy || after < floor || after >= Math.min(to, frontier)) {
      const frame = { type: 'pulled', stream, upTo: after, floor, isBusy } as const;
      this.emit({ type: 'send', peer, lane: 'repair', frame });
      return;
    }
    this.#running.set(peer, running.add(stream));
    // Whoever is pushed nothing at the moment would never get all of a stream that goes on, were it held to what it knows.
    const upTo = this.dissemination.lags(peer, stream) ? frontier : Math.min(to, frontier);
    const limit = Math.min(bytesMax, PULL_BYTES);
    this.emit({ type: 'serve', peer, stream: state.stream, after, to: upTo, bytesMax: limit, floor });
  }

  served(
    peer: NodeId,
    { stream, upTo, bytes }: { stream: StreamId; upTo: number; bytes: number },
    nowMs: number,
  ): void {
    this.#running.get(peer)?.delete(stream);
    this.#allowance.spend(peer, bytes + PULL_OVERHEAD_BYTES, nowMs);
    const state = this.table.get(stream);
    if (state !== undefined) this.dissemination.reached(peer, state, upTo);
  }

  linkDown(peer: NodeId): void {
    this.#running.delete(peer);
  }
}
