/**
 * Live data: each new bundle goes straight to every linked node that wants it, one copy each. A receiver without room is left out
 * for that stream, told how far the stream reaches from time to time, and pushed to again once it has pulled all of it. Who the
 * receivers are is `audience.ts`; in large clusters trees will take its place.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Audience } from './audience.js';
import type { Flow } from './flow.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { StreamState, StreamTable } from './stream-table.js';
import type { StreamId } from '../bundles/stream.js';
import type { Summaries } from './summaries.js';

/** A receiver that lags is told of new frontiers this often. */
export const ANNOUNCE_MS = 250;

interface Receiver {
  /** Streams whose start this link has carried → the audience's version then, and the interest it was computed for. */
  readonly introduced: Map<StreamId, { version: number; since: number | undefined }>;
  /** Streams it missed something of → when it was last told so. */
  readonly lagging: Map<StreamId, number>;
  /** Streams of which it takes nothing. */
  readonly declined: Set<StreamId>;
}

interface Cached {
  version: number;
  receivers: readonly NodeId[];
}

export class Dissemination<B extends BundlePlace> {
  readonly #receivers = new Map<NodeId, Receiver>();
  readonly #cache = new Map<StreamId, Cached>();

  constructor(
    private readonly table: StreamTable<B>,
    private readonly audience: Audience,
    private readonly flow: Flow,
    private readonly acknowledgements: Acknowledgements,
    private readonly summaries: Summaries<B>,
    private readonly emit: (output: GossipOutput<B>) => void,
  ) {}

  /** Any receiver lags: there is something to announce. */
  get isLagging(): boolean {
    for (const receiver of this.#receivers.values()) if (receiver.lagging.size > 0) return true;
    return false;
  }

  linkUp(peer: NodeId): void {
    this.#receivers.set(peer, { introduced: new Map(), lagging: new Map(), declined: new Set() });
  }

  linkDown(peer: NodeId): void {
    this.#receivers.delete(peer);
  }

  forget(stream: StreamId): void {
    this.#cache.delete(stream);
    for (const receiver of this.#receivers.values()) {
      receiver.introduced.delete(stream);
      receiver.lagging.delete(stream);
      receiver.declined.delete(stream);
    }
  }

  /** Sends an own bundle on its way; says to how many. */
  publish(state: StreamState<B>, bundle: B, nowMs: number): number {
    let cached = this.#cache.get(state.stream.id);
    if (cached?.version !== this.audience.version) {
      cached = { version: this.audience.version, receivers: this.audience.receivers(state.stream.topic) };
      this.#cache.set(state.stream.id, cached);
    }
    return this.#push(state, bundle, cached.receivers, nowMs);
  }

  /** Passes on a bundle of a publisher for which this node relays. */
  relay(state: StreamState<B>, bundle: B, nowMs: number): void {
    const { topic, publisher } = state.stream;
    this.#push(state, bundle, this.audience.relayed(topic, publisher), nowMs);
  }

  /** `peer` takes nothing of the stream: it is pushed none and told of none until it asks. */
  declined(peer: NodeId, stream: StreamId): void {
    const receiver = this.#receivers.get(peer);
    receiver?.lagging.delete(stream);
    receiver?.declined.add(stream);
  }

  /** `peer` asks for these streams: those that it declined. */
  reconsidered(peer: NodeId, streams: Iterable<StreamId>): readonly StreamId[] {
    const declined = this.#receivers.get(peer)?.declined;
    return declined === undefined || declined.size === 0
      ? []
      : [...streams].filter((stream) => declined.delete(stream));
  }

  /** `peer` missed something of the stream: it pulls from here on. */
  lag(peer: NodeId, stream: StreamId): void {
    const receiver = this.#receivers.get(peer);
    if (receiver !== undefined && !receiver.lagging.has(stream)) receiver.lagging.set(stream, -Infinity);
  }

  /** Whether `peer` is pushed nothing of the stream until it has pulled all of it. */
  lags(peer: NodeId, stream: StreamId): boolean {
    return this.#receivers.get(peer)?.lagging.has(stream) ?? false;
  }

  /** `peer` has the stream up to `seq`; when that is all of it, it is pushed to again. */
  reached(peer: NodeId, state: StreamState<B>, seq: number): void {
    const receiver = this.#receivers.get(peer);
    receiver?.declined.delete(state.stream.id);
    if (seq >= state.window.frontier) receiver?.lagging.delete(state.stream.id);
  }

  /** Tells receivers that lag how far their streams reach by now. */
  tick(nowMs: number): void {
    for (const [peer, receiver] of this.#receivers) {
      for (const [stream, toldMs] of receiver.lagging) {
        if (nowMs - toldMs < ANNOUNCE_MS) continue;
        const state = this.table.get(stream);
        if (state === undefined || !this.audience.isWantedBy(peer, state.stream.topic)) {
          receiver.lagging.delete(stream);
          continue;
        }
        receiver.lagging.set(stream, nowMs);
        this.summaries.announce(peer, state);
      }
    }
  }

  #push(state: StreamState<B>, bundle: B, receivers: readonly NodeId[], nowMs: number): number {
    const stream = state.stream.id;
    let pushed = 0;
    for (const peer of receivers) {
      const receiver = this.#receivers.get(peer);
      if (receiver === undefined || receiver.lagging.has(stream) || receiver.declined.has(stream)) continue;
      if (this.acknowledgements.frontierOf(peer, stream) >= bundle.lastSeq) continue;
      if (!this.flow.isOpen(peer)) {
        this.lag(peer, stream);
        continue;
      }
      this.flow.pushed(peer, { stream, lastSeq: bundle.lastSeq, byteLength: bundle.byteLength }, nowMs);
      this.emit({ type: 'push', peer, bundle, start: this.#introduce(peer, receiver, state, bundle) });
      pushed++;
    }
    return pushed;
  }

  /** The start that goes with the first push of a stream over a link, and again when the peer's interest began anew. */
  #introduce(peer: NodeId, receiver: Receiver, state: StreamState<B>, bundle: B): number | undefined {
    const { version } = this.audience;
    const introduced = receiver.introduced.get(state.stream.id);
    if (introduced?.version === version) return undefined;
    const since = this.audience.wantedSince(peer, state.stream.topic);
    // It asks, and is told when its clock is known.
    if (since === undefined) return undefined;
    receiver.introduced.set(state.stream.id, { version, since });
    if (introduced !== undefined && introduced.since === since) return undefined;
    // Clocks are never quite the same: whatever they say, what is pushed was meant for the receiver.
    return Math.min(this.summaries.startOf(state, since), bundle.firstSeq - 1);
  }
}
