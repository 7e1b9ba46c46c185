import type { NodeId } from '../node-id.js';
import type { PeerFrame, SyncEntry } from './peer-frames.js';

/** Nodes asked for at once; more than one answer tells of, so that the next request is as full. */
const IDS_PER_REQUEST = 1_024;
/** Nodes wanted of one peer; more come again with the next comparison of tables. */
const WANTED_MAX = 4_096;

/** What the pulls ask of the membership core around them. */
export interface TablePullsWorld {
  /** Whether the peer still knows more than this node. */
  isFresherThere(entry: SyncEntry): boolean;
  send(peer: NodeId, frame: PeerFrame): void;
}

/**
 * What this node fetches from the tables of its peers: one request a link, and the next when the answer to the last is worked
 * through, so that little waits in links and to be verified however large the tables are. A node that one peer was
 * asked about, no other is asked about at the same time.
 */
export class TablePulls {
  readonly #pulls = new Map<NodeId, Pull>();
  readonly #asked = new Set<NodeId>();

  constructor(private readonly world: TablePullsWorld) {}

  linked(peer: NodeId): void {
    this.#pulls.set(peer, { wanted: new Map(), asked: [], askedMs: 0 });
  }

  unlinked(peer: NodeId, nowMs: number): void {
    const pull = this.#pulls.get(peer);
    if (pull === undefined) return;
    this.#release(pull);
    this.#pulls.delete(peer);
    this.#askAll(nowMs);
  }

  /** Something is still to come from this peer. */
  isPulling(peer: NodeId): boolean {
    return (this.#pulls.get(peer)?.wanted.size ?? 0) > 0;
  }

  /** The peer knows more of a node; how much more is not known without an entry. */
  want(peer: NodeId, ids: readonly { readonly id: NodeId; readonly entry?: SyncEntry }[], nowMs: number): void {
    const pull = this.#pulls.get(peer);
    if (pull === undefined) return;
    for (const { id, entry } of ids) {
      if (pull.wanted.size < WANTED_MAX || pull.wanted.has(id)) pull.wanted.set(id, entry);
    }
    this.#ask(peer, pull, nowMs);
  }

  /** The peer has told all it knows of these, and it is worked through. */
  told(peer: NodeId, ids: readonly NodeId[], nowMs: number): void {
    const pull = this.#pulls.get(peer);
    if (pull === undefined) return;
    const told = new Set(ids);
    const isAnswer = pull.asked.some((id) => told.has(id));
    // Who answers without telling anything would be asked for ever.
    if (!isAnswer) return;
    for (const id of pull.asked) if (told.has(id)) pull.wanted.delete(id);
    this.#release(pull);
    this.#askAll(nowMs);
  }

  /** Asks again for what was asked so long ago that it will not come, others first. */
  retry(nowMs: number, patienceMs: number): void {
    const overdue = [...this.#pulls].filter(([, pull]) => pull.asked.length > 0 && pull.askedMs + patienceMs <= nowMs);
    for (const [peer, pull] of overdue) {
      this.#release(pull);
      this.#pulls.delete(peer);
      this.#pulls.set(peer, pull);
    }
    if (overdue.length > 0) this.#askAll(nowMs);
  }

  #askAll(nowMs: number): void {
    for (const [peer, pull] of this.#pulls) this.#ask(peer, pull, nowMs);
  }

  #ask(peer: NodeId, pull: Pull, nowMs: number): void {
    if (pull.asked.length > 0) return;
    const ids: NodeId[] = [];
    for (const [id, entry] of pull.wanted) {
      if (ids.length >= IDS_PER_REQUEST) break;
      // Another peer may have told it in the meantime.
      if (entry !== undefined && !this.world.isFresherThere(entry)) pull.wanted.delete(id);
      else if (!this.#asked.has(id)) ids.push(id);
    }
    if (ids.length === 0) return;
    for (const id of ids) this.#asked.add(id);
    pull.asked = ids;
    pull.askedMs = nowMs;
    this.world.send(peer, { type: 'sync-request', ids });
  }

  #release(pull: Pull): void {
    for (const id of pull.asked) this.#asked.delete(id);
    pull.asked = [];
  }
}

interface Pull {
  /** In the order in which it is asked for; an entry says how fresh the peer's knowledge is. */
  readonly wanted: Map<NodeId, SyncEntry | undefined>;
  asked: readonly NodeId[];
  askedMs: number;
}
