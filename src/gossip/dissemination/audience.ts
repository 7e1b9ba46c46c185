/**
 * Who is to be sent what: the interested nodes that are linked, and for live ones that have been out of reach for a while a linked
 * node that relays. A relay is asked, says yes only when it has a link to the target, keeps what it relays in its own log although it may
 * not want it, and is then treated as if it wanted what its targets want. One hop only; longer ways are the trees' business.
 */
import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import { PAGE_ENTRIES_MAX, type RelayingFrame, type RelayRequestFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput, GossipWorld } from './gossip-protocol.js';

/** A node without link for so long gets a relay, and so long is waited for an answer before another one is asked. */
export const RELAY_WAIT_MS = 1_000;

interface Unreachable {
  sinceMs: number;
  asked: NodeId | undefined;
  attempts: number;
}

export class Audience {
  /** Grows whenever an answer may have changed. */
  version = 0;
  readonly #unreachable = new Map<NodeId, Unreachable>();
  readonly #relayOf = new Map<NodeId, NodeId>();
  /** Peer → nodes to which this node relays for it. */
  readonly #duties = new Map<NodeId, Set<NodeId>>();

  constructor(
    private readonly self: NodeId,
    private readonly directory: DirectoryView,
    private readonly world: GossipWorld,
    private readonly links: ReadonlySet<NodeId>,
    private readonly emit: (output: GossipOutput<BundlePlace> & { type: 'send' }) => void,
  ) {}

  /** A live node is out of reach and has no relay. */
  get isSeekingRelays(): boolean {
    return this.#unreachable.size > this.#relayOf.size;
  }

  /** Linked nodes that get a new own bundle of the topic. */
  receivers(topic: string): readonly NodeId[] {
    const receivers = new Set<NodeId>();
    for (const id of this.directory.interested(topic)) {
      const receiver = this.links.has(id) ? id : this.#relayOf.get(id);
      if (receiver !== undefined && id !== this.self) receivers.add(receiver);
    }
    return [...receivers];
  }

  /** Linked nodes to which a new bundle of `publisher` is relayed. */
  relayed(topic: string, publisher: NodeId): readonly NodeId[] {
    const targets = this.#duties.get(publisher);
    if (targets === undefined) return [];
    return [...targets].filter((id) => this.links.has(id) && this.directory.interestSince(id, topic) !== undefined);
  }

  relaysFor(publisher: NodeId, target: NodeId): boolean {
    return this.#duties.get(publisher)?.has(target) ?? false;
  }

  isRelayOf(target: NodeId, peer: NodeId): boolean {
    return this.#relayOf.get(target) === peer;
  }

  /** From which local wall time on `peer`, or a node it relays to, wants the topic; 0 is all that is retained. */
  wantedSince(peer: NodeId, topic: string): number | undefined {
    let earliest = this.#sinceOf(peer, topic);
    for (const [target, relay] of this.#relayOf) {
      if (relay !== peer) continue;
      const since = this.#sinceOf(target, topic);
      if (since !== undefined && (earliest === undefined || since < earliest)) earliest = since;
    }
    return earliest;
  }

  /** This node wants the topic, or relays to one that does. */
  isWantedHere(topic: string): boolean {
    if (this.directory.interestSince(this.self, topic) !== undefined) return true;
    for (const targets of this.#duties.values()) {
      for (const id of targets) if (this.directory.interestSince(id, topic) !== undefined) return true;
    }
    return false;
  }

  /** Links or the directory changed. */
  changed(nowMs: number): void {
    this.version++;
    for (const { id } of this.directory.members()) {
      if (id === this.self) continue;
      const isOutOfReach = this.directory.isLive(id) && !this.links.has(id);
      if (isOutOfReach && !this.#unreachable.has(id)) {
        this.#unreachable.set(id, { sinceMs: nowMs, asked: undefined, attempts: 0 });
      } else if (!isOutOfReach) this.#withdraw(id);
    }
  }

  linkDown(peer: NodeId): void {
    this.#duties.delete(peer);
    for (const [target, relay] of this.#relayOf) if (relay === peer) this.#relayOf.delete(target);
    for (const missing of this.#unreachable.values()) if (missing.asked === peer) missing.asked = undefined;
    this.#tellDuties();
  }

  linkUp(): void {
    this.#tellDuties();
  }

  /** Asks for relays to nodes that want one of `topics` and have been out of reach for a while. */
  tick(topics: () => Iterable<string>, nowMs: number): void {
    for (const [target, missing] of this.#unreachable) {
      if (this.#relayOf.has(target) || nowMs - missing.sinceMs < RELAY_WAIT_MS) continue;
      missing.sinceMs = nowMs;
      const isWanting = [...topics()].some((topic) => this.directory.interestSince(target, topic) !== undefined);
      const candidates = [...this.links].filter((id) => this.directory.isLive(id));
      if (!isWanting || candidates.length === 0) continue;
      candidates.sort((a, b) => rendezvous(target, b) - rendezvous(target, a) || (a < b ? -1 : 1));
      const former = missing.asked;
      missing.asked = candidates[missing.attempts++ % candidates.length]!;
      if (former !== undefined && former !== missing.asked) this.#request(former);
      this.#request(missing.asked);
    }
  }

  handle(peer: NodeId, frame: RelayRequestFrame | RelayingFrame): void {
    this.version++;
    if (frame.type === 'relayRequest') {
      this.#duties.set(peer, new Set(frame.targets.filter((id) => id !== this.self && id !== peer)));
      this.#tellDuty(peer);
      return;
    }
    for (const [target, relay] of this.#relayOf) {
      if (relay === peer && !frame.targets.includes(target)) this.#relayOf.delete(target);
    }
    for (const target of frame.targets) {
      if (this.#unreachable.get(target)?.asked === peer) this.#relayOf.set(target, peer);
    }
  }

  #sinceOf(id: NodeId, topic: string): number | undefined {
    const since = this.directory.interestSince(id, topic);
    return since === undefined || since === 0 ? since : this.world.localTimeOf(id, since);
  }

  #withdraw(target: NodeId): void {
    const asked = this.#unreachable.get(target)?.asked;
    this.#unreachable.delete(target);
    this.#relayOf.delete(target);
    if (asked !== undefined) this.#request(asked);
  }

  #request(peer: NodeId): void {
    if (!this.links.has(peer)) return;
    const targets = [...this.#unreachable].filter(([, missing]) => missing.asked === peer).map(([id]) => id);
    const frame = { type: 'relayRequest', targets: targets.slice(0, PAGE_ENTRIES_MAX) } as const;
    this.emit({ type: 'send', peer, lane: 'control', frame });
  }

  #tellDuties(): void {
    for (const peer of this.#duties.keys()) this.#tellDuty(peer);
  }

  #tellDuty(peer: NodeId): void {
    const targets = [...(this.#duties.get(peer) ?? [])].filter((id) => this.links.has(id));
    this.emit({ type: 'send', peer, lane: 'control', frame: { type: 'relaying', targets } });
  }
}

/** Highest random weight: everybody ranks the candidates for a target alike, and differently for each target. */
function rendezvous(target: NodeId, candidate: NodeId): number {
  let hash = 0x811c9dc5;
  for (const char of target + candidate) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
