import type { GossipNode } from '../gossip-node.js';
import type { World } from '../world.js';

/** In a virtual second, of one node, besides what it was given to do. */
const RINGS_MAX = 400;
const LINK_FRAMES_MAX = 1_500;
/** When nothing happens, a node's share of a link in a second. */
const QUIET_FRAMES_MAX = 16;
const QUIET_BYTES_MAX = 1_024;
const LOOK_MS = 1_000;

interface Counts {
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly rang: number;
}

/** No storm of timers or frames, silence when there is nothing to say, and nothing left over at the end. */
export class Bounds {
  readonly problems: string[] = [];
  readonly #before = new WeakMap<GossipNode, Counts>();
  #nextMs = LOOK_MS;
  #isQuiet = false;
  #rangMost = 0;
  #sentMost = 0;
  #quietBytesMost = 0;

  constructor(private readonly world: World) {}

  /** When to look next. */
  get nextMs(): number {
    return this.#nextMs;
  }

  get summary(): string {
    return `at most ${this.#rangMost} timers and ${this.#sentMost} frames a second, ${this.#quietBytesMost} B/s a link when quiet`;
  }

  /** From now on nobody does anything. */
  beQuiet(): void {
    this.#isQuiet = true;
  }

  look(): void {
    if (this.world.time.nowMs < this.#nextMs) return;
    this.#nextMs += LOOK_MS;
    for (const node of this.world.running()) {
      const { counts } = node.membership.process;
      const before = this.#before.get(node) ?? { sent: 0, sentBytes: 0, received: 0, rang: 0 };
      this.#before.set(node, { ...counts });
      const rang = counts.rang - before.rang;
      const sent = counts.sent - before.sent;
      this.#rangMost = Math.max(this.#rangMost, rang);
      this.#sentMost = Math.max(this.#sentMost, sent);
      this.#hold(node, 'timers', rang, RINGS_MAX);
      const links = Math.max(1, this.world.running().length - 1);
      this.#hold(node, 'frames', sent, links * LINK_FRAMES_MAX);
      if (!this.#isQuiet) continue;
      const bytes = Math.round((counts.sentBytes - before.sentBytes) / links);
      this.#quietBytesMost = Math.max(this.#quietBytesMost, bytes);
      this.#hold(node, 'frames a link in a quiet second', sent / links, QUIET_FRAMES_MAX);
      this.#hold(node, 'bytes a link in a quiet second', bytes, QUIET_BYTES_MAX);
    }
  }

  /** What nodes still keep of work that is done. */
  leftovers(): string[] {
    return this.world.running().flatMap(({ id, core, log }) => {
      const left: string[] = [];
      if (core.isMissingAnything) left.push('missing something');
      if (core.isUnconfirmed) left.push('waiting for acks');
      if (core.newcomers > 0) left.push(`holding ${core.newcomers} newcomers`);
      if (!core.hasRoom) left.push('without room');
      if (log.isDirty) left.push('writing');
      return left.map((what) => `${id.slice(0, 4)} is still ${what}`);
    });
  }

  #hold({ id }: GossipNode, what: string, count: number, max: number): void {
    if (count <= max) return;
    this.problems.push(`${id.slice(0, 4)}: ${Math.round(count)} ${what} at ${this.world.time.nowMs} ms`);
  }
}
