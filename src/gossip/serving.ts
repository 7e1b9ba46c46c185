/** Answers pulls from the own log: a bounded number at a time per peer, further ones are told to come back. */
import type { NodeId } from '../peers/node-id.js';
import type { Dissemination } from './dissemination.js';
import type { PullFrame } from './gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import { PULL_BYTES } from './repair.js';
import type { StreamId } from './stream.js';
import type { StreamTable } from './stream-table.js';

const SERVES_PER_PEER_MAX = 8;

export class Serving<B extends BundlePlace> {
  readonly #running = new Map<NodeId, number>();

  constructor(
    private readonly table: StreamTable<B>,
    private readonly dissemination: Dissemination<B>,
    private readonly emit: (output: GossipOutput<B>) => void,
  ) {}

  pull(peer: NodeId, { stream, after, to, bytesMax }: PullFrame): void {
    const state = this.table.get(stream);
    const running = this.#running.get(peer) ?? 0;
    const isBusy = running >= SERVES_PER_PEER_MAX;
    const floor = state?.window.floor ?? 0;
    if (state === undefined || isBusy || after < floor || after >= state.window.frontier) {
      const frame = { type: 'pulled', stream, upTo: after, floor, isBusy } as const;
      this.emit({ type: 'send', peer, lane: 'repair', frame });
      return;
    }
    this.#running.set(peer, running + 1);
    const upTo = Math.min(to, state.window.frontier);
    const limit = Math.min(bytesMax, PULL_BYTES);
    this.emit({ type: 'serve', peer, stream: state.stream, after, to: upTo, bytesMax: limit, floor });
  }

  served(peer: NodeId, stream: StreamId, upTo: number): void {
    const running = this.#running.get(peer) ?? 0;
    if (running > 1) this.#running.set(peer, running - 1);
    else this.#running.delete(peer);
    const state = this.table.get(stream);
    if (state !== undefined) this.dissemination.reached(peer, state, upTo);
  }

  linkDown(peer: NodeId): void {
    this.#running.delete(peer);
  }
}
