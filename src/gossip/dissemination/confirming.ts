/**
 * Acks, both ways. What was logged is confirmed to its publisher, or to the relay it came by; what peers confirm makes room in the
 * flow, counts towards acknowledgement levels, and is passed on to the publisher when this node relays.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Audience } from './audience.js';
import type { Dissemination } from './dissemination.js';
import type { Flow } from './flow.js';
import { PAGE_ENTRIES_MAX, type AckFrame, type DeclinedFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { StreamId } from '../bundles/stream.js';
import type { StreamState, StreamTable } from './stream-table.js';

export interface ConfirmingParts<B extends BundlePlace> {
  readonly self: NodeId;
  readonly links: ReadonlySet<NodeId>;
  readonly table: StreamTable<B>;
  readonly audience: Audience;
  readonly flow: Flow;
  readonly acknowledgements: Acknowledgements;
  readonly dissemination: Dissemination<B>;
  emit(output: GossipOutput<B>): void;
}

type Entry = AckFrame['entries'][number];

export class Confirming<B extends BundlePlace> {
  constructor(private readonly parts: ConfirmingParts<B>) {}

  /** Bundles are in the own log for good. */
  logged(entries: readonly { stream: StreamId; lastSeq: number }[], nowMs: number): void {
    const { self, links, table, flow, acknowledgements } = this.parts;
    const acks = new Map<NodeId, Map<StreamId, Entry>>();
    for (const { stream: id, lastSeq } of entries) {
      const state = table.get(id);
      if (state === undefined) continue;
      state.loggedSeq = Math.max(state.loggedSeq, lastSeq);
      const { publisher } = state.stream;
      if (publisher === self) {
        flow.confirmed(self, id, lastSeq, nowMs);
        acknowledgements.confirmed(self, id, { start: 0, frontier: lastSeq });
        continue;
      }
      const peer = links.has(publisher) ? publisher : state.via;
      if (peer === undefined || !links.has(peer)) continue;
      if (!acks.has(peer)) acks.set(peer, new Map());
      acks.get(peer)!.set(id, loggedOf(state));
    }
    for (const [peer, page] of acks) this.send(peer, [...page.values()]);
  }

  /** The acks of the link before may have been lost with it. */
  linkUp(peer: NodeId): void {
    const entries: Entry[] = [];
    for (const state of this.parts.table.streams()) if (state.stream.publisher === peer) entries.push(loggedOf(state));
    this.send(peer, entries);
  }

  heard(peer: NodeId, { node, entries }: AckFrame, nowMs: number): void {
    for (const entry of entries) {
      const state = this.parts.table.get(entry.stream);
      // Nobody can have more of a stream than there is; such an ack is a mistake or a lie.
      if (state === undefined || entry.frontier > state.window.frontier) continue;
      if (node === undefined) this.#heardOwn(peer, entry, nowMs);
      else if (this.parts.audience.isRelayOf(node, peer)) {
        this.parts.acknowledgements.confirmed(node, entry.stream, entry);
      }
    }
  }

  /** A peer, or the node that it relays to, takes nothing of some streams. */
  declined(peer: NodeId, { node, streams }: DeclinedFrame, nowMs: number): void {
    for (const stream of streams) {
      const state = this.parts.table.get(stream);
      if (state === undefined) continue;
      if (node === undefined) this.#declinedOwn(peer, state, nowMs);
      else if (this.parts.audience.isRelayOf(node, peer)) this.parts.acknowledgements.declined(node, stream);
    }
  }

  /** A peer asks for a topic, and with it for what it declined. */
  reconsidered(peer: NodeId, topic: string): void {
    const { table, dissemination, acknowledgements } = this.parts;
    const streams = dissemination.reconsidered(peer, table.topic(topic)?.streams.keys() ?? []);
    for (const stream of streams) acknowledgements.reconsidered(peer, stream);
  }

  /** Says how far this node is with a stream, and from where on it has it. */
  tell(peer: NodeId, state: StreamState<B>): void {
    this.send(peer, [loggedOf(state)]);
  }

  send(peer: NodeId, entries: readonly Entry[], node?: NodeId): void {
    for (let at = 0; at < entries.length; at += PAGE_ENTRIES_MAX) {
      const frame: AckFrame = { type: 'ack', node, entries: entries.slice(at, at + PAGE_ENTRIES_MAX) };
      this.parts.emit({ type: 'send', peer, lane: 'control', frame });
    }
  }

  #declinedOwn(peer: NodeId, { stream, window }: StreamState<B>, nowMs: number): void {
    const { self, links, audience, flow, acknowledgements, dissemination } = this.parts;
    const { id, publisher } = stream;
    flow.confirmed(peer, id, window.frontier, nowMs);
    dissemination.declined(peer, id);
    if (publisher === self) {
      acknowledgements.declined(peer, id);
      this.parts.emit({ type: 'arrived', stream: id, seq: window.frontier });
    } else if (links.has(publisher) && audience.relaysFor(publisher, peer)) {
      const frame: DeclinedFrame = { type: 'declined', node: peer, streams: [id] };
      this.parts.emit({ type: 'send', peer: publisher, lane: 'control', frame });
    }
  }

  #heardOwn(peer: NodeId, entry: Entry, nowMs: number): void {
    const { self, links, table, audience, flow, acknowledgements, dissemination } = this.parts;
    const state = table.get(entry.stream)!;
    const { publisher } = state.stream;
    flow.confirmed(peer, entry.stream, entry.frontier, nowMs);
    dissemination.reached(peer, state, entry.frontier);
    if (publisher === self) {
      acknowledgements.confirmed(peer, entry.stream, entry);
      this.parts.emit({ type: 'arrived', stream: entry.stream, seq: entry.frontier });
    } else if (links.has(publisher) && audience.relaysFor(publisher, peer)) this.send(publisher, [entry], peer);
  }
}

/** What an ack says of a stream. */
export function loggedOf({ stream, loggedFrom, loggedSeq }: StreamState<BundlePlace>): Entry {
  return { stream: stream.id, start: Math.min(loggedFrom, loggedSeq), frontier: loggedSeq };
}
