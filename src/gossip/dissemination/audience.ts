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
/** A peer changes what this node relays for it at most so often, as each change is told to all. */
export const DUTY_CHANGE_MS = 250;
/** Topics that are looked at in a tick, to see whether nodes out of reach want anything. */
const LOOKS_A_TICK_MAX = 1_024;

interface Unreachable {
  sinceMs: number;
  asked: NodeId | undefined;
  attempts: number;
  /** When its relay said last that it does not relay any longer. */
  withdrawnMs: number;
  /** What is left of a look at the topics. */
  topics: Iterator<string> | undefined;
}

/** What a peer asked this node to relay for it. */
interface Duty {
  targets: ReadonlySet<NodeId>;
  changedMs: number;
  /** What it asked for since, and has to wait. */
  next: ReadonlySet<NodeId> | undefined;
}

export class Audience {
  /** Grows whenever an answer may have changed. */
  version = 0;
  readonly #unreachable = new Map<NodeId, Unreachable>();
  readonly #relayOf = new Map<NodeId, NodeId>();
  /** Peer → nodes to which this node relays for it. */
  readonly #duties = new Map<NodeId, Duty>();
  /** Node → for how many peers this node relays to it. */
  readonly #relayedTo = new Map<NodeId, number>();

  constructor(
    private readonly self: NodeId,
    private readonly directory: DirectoryView,
    private readonly world: GossipWorld,
    private readonly links: ReadonlySet<NodeId>,
    private readonly emit: (output: GossipOutput<BundlePlace> & { type: 'send' }) => void,
  ) {}

  /** A live node is out of reach and has no relay, or a peer's change of mind waits. */
  get isWaiting(): boolean {
    if (this.#unreachable.size > this.#relayOf.size) return true;
    for (const { next } of this.#duties.values()) if (next !== undefined) return true;
    return false;
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
    const duty = this.#duties.get(publisher);
    if (duty === undefined) return [];
    return [...duty.targets].filter(
      (id) => this.links.has(id) && this.directory.interestSince(id, topic) !== undefined,
    );
  }

  relaysFor(publisher: NodeId, target: NodeId): boolean {
    return this.#duties.get(publisher)?.targets.has(target) ?? false;
  }

  isRelayOf(target: NodeId, peer: NodeId): boolean {
    return this.#relayOf.get(target) === peer;
  }

  /** `peer`, or a node it relays to, wants the topic. */
  isWantedBy(peer: NodeId, topic: string): boolean {
    return this.#behind(peer).some((id) => this.directory.interestSince(id, topic) !== undefined);
  }

  /** From which local wall time on that is; 0 is all that is retained, undefined that it cannot be told yet. */
  wantedSince(peer: NodeId, topic: string): number | undefined {
    let earliest: number | undefined;
    for (const id of this.#behind(peer)) {
      const since = this.directory.interestSince(id, topic);
      if (since === undefined) continue;
      const localMs = since === 0 ? 0 : this.world.localTimeOf(id, since);
      if (localMs === undefined) return undefined;
      earliest = Math.min(localMs, earliest ?? Infinity);
    }
    return earliest;
  }

  /** This node wants the topic, or relays to one that does. */
  isWantedHere(topic: string): boolean {
    if (this.directory.interestSince(this.self, topic) !== undefined) return true;
    return this.#relayedTo.size > 0 && this.directory.interested(topic).some((id) => this.#relayedTo.has(id));
  }

  /** Links or the directory changed. */
  changed(nowMs: number): void {
    this.version++;
    for (const { id } of this.directory.members()) {
      if (id === this.self) continue;
      const isOutOfReach = this.directory.isLive(id) && !this.links.has(id);
      if (isOutOfReach && !this.#unreachable.has(id)) {
        this.#unreachable.set(id, {
          sinceMs: nowMs,
          asked: undefined,
          attempts: 0,
          withdrawnMs: -Infinity,
          topics: undefined,
        });
      } else if (!isOutOfReach) this.#withdraw(id);
    }
  }

  linkDown(peer: NodeId): void {
    this.#release(peer);
    for (const [target, relay] of this.#relayOf) if (relay === peer) this.#relayOf.delete(target);
    for (const missing of this.#unreachable.values()) if (missing.asked === peer) missing.asked = undefined;
    this.#tellDuties();
  }

  linkUp(): void {
    this.#tellDuties();
  }

  /** Asks for relays to nodes that want one of `topics` and have been out of reach for a while; true when what is relayed changed. */
  tick(topics: () => Iterable<string>, nowMs: number): boolean {
    let looks = LOOKS_A_TICK_MAX;
    const isDue = ([target, { sinceMs }]: [NodeId, Unreachable]): boolean =>
      !this.#relayOf.has(target) && nowMs - sinceMs >= RELAY_WAIT_MS;
    for (const [target, missing] of [...this.#unreachable].filter(isDue)) {
      if (looks === 0) break;
      // Whoever had a turn is the last to have the next.
      this.#unreachable.delete(target);
      this.#unreachable.set(target, missing);
      missing.topics ??= topics()[Symbol.iterator]();
      let topic: IteratorResult<string> | undefined;
      let isWanted = false;
      for (; looks > 0 && topic?.done !== true && !isWanted; looks--) {
        topic = missing.topics.next();
        isWanted = topic.done !== true && this.directory.interestSince(target, topic.value) !== undefined;
      }
      // The look goes on when its turn comes again.
      if (topic?.done !== true && !isWanted) continue;
      missing.topics = undefined;
      missing.sinceMs = nowMs;
      if (isWanted) this.#ask(target, missing);
    }
    let isChanged = false;
    for (const [peer, duty] of this.#duties) {
      if (duty.next === undefined || nowMs - duty.changedMs < DUTY_CHANGE_MS) continue;
      this.#take(peer, duty.next, nowMs);
      isChanged = true;
    }
    return isChanged;
  }

  /** True when this changed what is relayed. */
  handle(peer: NodeId, frame: RelayRequestFrame | RelayingFrame, nowMs: number): boolean {
    return frame.type === 'relayRequest' ? this.#asked(peer, frame, nowMs) : this.#answered(peer, frame, nowMs);
  }

  #asked(peer: NodeId, frame: RelayRequestFrame, nowMs: number): boolean {
    const isTarget = (id: NodeId): boolean =>
      id !== this.self && id !== peer && this.directory.member(id) !== undefined;
    const targets = new Set(frame.targets.filter(isTarget));
    const duty = this.#duties.get(peer);
    const isNews = !isSame(duty?.targets ?? NOBODY, targets);
    if (duty !== undefined && isNews && nowMs - duty.changedMs < DUTY_CHANGE_MS) {
      duty.next = targets;
      return false;
    }
    if (duty !== undefined) duty.next = undefined;
    if (isNews) this.#take(peer, targets, nowMs);
    else this.#tellDuty(peer);
    return isNews;
  }

  #answered(peer: NodeId, frame: RelayingFrame, nowMs: number): boolean {
    const named = new Set(frame.targets);
    let isChanged = false;
    for (const [target, relay] of this.#relayOf) {
      if (relay !== peer || named.has(target)) continue;
      this.#relayOf.delete(target);
      const missing = this.#unreachable.get(target);
      if (missing !== undefined) missing.withdrawnMs = nowMs;
      isChanged = true;
    }
    for (const target of named) {
      const missing = this.#unreachable.get(target);
      if (missing?.asked !== peer || this.#relayOf.get(target) === peer) continue;
      // One that comes and goes is taken for one that went.
      if (nowMs - missing.withdrawnMs < DUTY_CHANGE_MS) continue;
      this.#relayOf.set(target, peer);
      isChanged = true;
    }
    if (isChanged) this.version++;
    return isChanged;
  }

  /** From now on this node relays to `targets` for the peer. */
  #take(peer: NodeId, targets: ReadonlySet<NodeId>, nowMs: number): void {
    this.#release(peer);
    this.#duties.set(peer, { targets, changedMs: nowMs, next: undefined });
    for (const id of targets) this.#relayedTo.set(id, (this.#relayedTo.get(id) ?? 0) + 1);
    this.version++;
    this.#tellDuty(peer);
  }

  #release(peer: NodeId): void {
    for (const id of this.#duties.get(peer)?.targets ?? NOBODY) {
      const others = (this.#relayedTo.get(id) ?? 1) - 1;
      if (others > 0) this.#relayedTo.set(id, others);
      else this.#relayedTo.delete(id);
    }
    this.#duties.delete(peer);
  }

  /** Asks the next candidate to relay to `target`. */
  #ask(target: NodeId, missing: Unreachable): void {
    const candidates = [...this.links].filter((id) => this.directory.isLive(id));
    if (candidates.length === 0) return;
    candidates.sort((a, b) => rendezvous(target, b) - rendezvous(target, a) || (a < b ? -1 : 1));
    const former = missing.asked;
    missing.asked = candidates[missing.attempts++ % candidates.length]!;
    if (former !== undefined && former !== missing.asked) this.#request(former);
    this.#request(missing.asked);
  }

  /** Who gets what `peer` is sent: itself, and those it relays to. */
  #behind(peer: NodeId): readonly NodeId[] {
    if (this.#relayOf.size === 0) return [peer];
    return [peer, ...[...this.#relayOf].flatMap(([target, relay]) => (relay === peer ? [target] : []))];
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
    const targets = [...(this.#duties.get(peer)?.targets ?? NOBODY)].filter((id) => this.links.has(id));
    this.emit({ type: 'send', peer, lane: 'control', frame: { type: 'relaying', targets } });
  }
}

const NOBODY: ReadonlySet<NodeId> = new Set();

function isSame(one: ReadonlySet<NodeId>, other: ReadonlySet<NodeId>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}

/** Highest random weight: everybody ranks the candidates for a target alike, and differently for each target. */
function rendezvous(target: NodeId, candidate: NodeId): number {
  let hash = 0x811c9dc5;
  for (const char of target + candidate) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
