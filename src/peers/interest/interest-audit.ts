import type { Directory } from '../membership/directory.js';
import type { InterestVersion } from './interest-table.js';
import { compareFreshness } from '../membership/member.js';
import type { NodeId } from '../node-id.js';
import type { Known } from '../membership/peer-frames.js';

/** Who holds which version of this node's own interest, as they acknowledged it. */
export class InterestAudit {
  readonly #held = new Map<NodeId, InterestVersion>();

  constructor(private readonly directory: Directory) {}

  /** Live nodes that hold the newest version, of how many; this node included. */
  get known(): { readonly by: number; readonly of: number } {
    const newest = this.directory.interestVersion(this.directory.self);
    const live = this.directory.live();
    const holders = live.filter(({ id }) => {
      const held = id === this.directory.self ? newest : this.#held.get(id);
      return newest === undefined || (held !== undefined && order(held, newest) >= 0);
    });
    return { by: holders.length, of: live.length };
  }

  /** What to tell a node about the version of its interest that is held here. */
  receipt(id: NodeId): Known | undefined {
    const held = this.directory.interestVersion(id);
    const isOwn = id === this.directory.self;
    return held === undefined || isOwn ? undefined : { type: 'known', epoch: held.epoch, version: held.version };
  }

  /** True when the peer holds more than it had told before. */
  acknowledged(peer: NodeId, known: Known): boolean {
    const before = this.#held.get(peer);
    if (before !== undefined && order(known, before) <= 0) return false;
    this.#held.set(peer, { epoch: known.epoch, version: known.version });
    return true;
  }

  forget(id: NodeId): void {
    this.#held.delete(id);
  }
}

function order(a: InterestVersion, b: InterestVersion): number {
  return compareFreshness({ epoch: a.epoch, incarnation: a.version }, { epoch: b.epoch, incarnation: b.version });
}
