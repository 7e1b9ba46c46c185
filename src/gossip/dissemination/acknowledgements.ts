/**
 * Who has confirmed what of own streams, and which callers wait for it. A confirmation is an extent: the peer
 * has logged everything in (start, frontier]. Counting follows the directory: dead, left and uninterested nodes do not count, nor
 * does one whose part of the stream begins behind the message.
 */
import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import type { AckLevel } from '../bundles/message.js';
import type { Stream, StreamId } from '../bundles/stream.js';

/** A caller that waits until a message is in enough logs; `id` is its own. */
export interface Wait {
  readonly id: number;
  readonly seq: number;
  readonly level: Exclude<AckLevel, 'local'>;
}

/** How many nodes have a message in their logs, of how many that want it; both with the publisher. */
export interface Confirmation {
  readonly confirmed: number;
  readonly of: number;
}

/** Tells the caller of a wait. */
export type Reached = (id: number, confirmation: Confirmation) => void;

/** The part of an own stream that came into a node's log; below `from` it never asked for any. */
interface Held {
  readonly from: number;
  readonly start: number;
  readonly frontier: number;
}

interface OwnStream {
  readonly stream: Stream;
  readonly held: Map<NodeId, Held>;
  /** Nodes that take nothing of it. */
  readonly declined: Set<NodeId>;
  /** In order of seq, as callers wait for what they have just published. */
  waits: Wait[];
}

export class Acknowledgements {
  readonly #own = new Map<StreamId, OwnStream>();
  readonly #streamOfWait = new Map<number, OwnStream>();

  constructor(
    private readonly self: NodeId,
    private readonly directory: DirectoryView,
    private readonly reached: Reached,
  ) {}

  /** From now on confirmations of this own stream are kept. */
  open(stream: Stream): void {
    if (!this.#own.has(stream.id))
      this.#own.set(stream.id, { stream, held: new Map(), declined: new Set(), waits: [] });
  }

  close(stream: StreamId): void {
    const own = this.#own.get(stream);
    own?.waits.forEach((wait) => this.#streamOfWait.delete(wait.id));
    this.#own.delete(stream);
  }

  /** The peer may have lost its log since it was linked last; it says again what it has. */
  linkUp(peer: NodeId): void {
    for (const own of this.#own.values()) {
      own.held.delete(peer);
      own.declined.delete(peer);
    }
  }

  /** `peer` takes nothing of the own stream, so nobody waits for it. */
  declined(peer: NodeId, stream: StreamId): void {
    const own = this.#own.get(stream);
    if (own === undefined) return;
    own.declined.add(peer);
    this.#review(own, Infinity);
  }

  /** `peer` asks for the stream again. */
  reconsidered(peer: NodeId, stream: StreamId): void {
    this.#own.get(stream)?.declined.delete(peer);
  }

  frontierOf(peer: NodeId, stream: StreamId): number {
    return this.#own.get(stream)?.held.get(peer)?.frontier ?? 0;
  }

  /** `peer`, or this node itself, has logged (start, frontier] of the own stream. */
  confirmed(peer: NodeId, stream: StreamId, { start, frontier }: { start: number; frontier: number }): void {
    const own = this.#own.get(stream);
    const held = own?.held.get(peer);
    if (own === undefined || frontier <= (held?.frontier ?? 0)) return;
    own.declined.delete(peer);
    // One that held nothing so far, as it takes nothing, begins no sooner than it says now.
    const from = held === undefined || held.from === held.frontier ? start : Math.min(start, held.from);
    own.held.set(peer, { from, start, frontier });
    this.#review(own, frontier);
  }

  /** Members or interests changed: another number of nodes counts. */
  review(): void {
    for (const own of this.#own.values()) if (own.waits.length > 0) this.#review(own, Infinity);
  }

  /** Tells at once when the level is reached already. */
  await(stream: StreamId, wait: Wait): void {
    const own = this.#own.get(stream);
    if (own === undefined || this.#tell(own, wait)) return;
    let at = own.waits.length;
    while (at > 0 && own.waits[at - 1]!.seq > wait.seq) at--;
    own.waits.splice(at, 0, wait);
    this.#streamOfWait.set(wait.id, own);
  }

  abandon(id: number): void {
    const own = this.#streamOfWait.get(id);
    if (own === undefined) return;
    this.#streamOfWait.delete(id);
    own.waits = own.waits.filter((wait) => wait.id !== id);
  }

  confirmationOf(stream: StreamId, seq: number): Confirmation {
    const own = this.#own.get(stream);
    if (own === undefined) return { confirmed: 0, of: 0 };
    let confirmed = isIn(own.held.get(this.self), seq) ? 1 : 0;
    let of = 1;
    for (const id of this.directory.interested(own.stream.topic)) {
      const held = own.held.get(id);
      if (id === this.self || own.declined.has(id) || (held !== undefined && seq <= held.from)) continue;
      of++;
      if (isIn(held, seq)) confirmed++;
    }
    return { confirmed, of };
  }

  #review(own: OwnStream, frontier: number): void {
    // Only waits up to the frontier that moved can have been reached by it.
    let end = 0;
    while (end < own.waits.length && own.waits[end]!.seq <= frontier) end++;
    const left = own.waits.slice(0, end).filter((wait) => !this.#tell(own, wait));
    if (left.length < end) own.waits.splice(0, end, ...left);
  }

  #tell(own: OwnStream, wait: Wait): boolean {
    const confirmation = this.confirmationOf(own.stream.id, wait.seq);
    const needed = wait.level === 'all' ? confirmation.of : wait.level;
    if (confirmation.confirmed < needed) return false;
    this.#streamOfWait.delete(wait.id);
    this.reached(wait.id, confirmation);
    return true;
  }
}

function isIn(held: Held | undefined, seq: number): boolean {
  return held !== undefined && seq > held.start && seq <= held.frontier;
}
