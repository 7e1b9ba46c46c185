import type { Member } from '../peers/member.js';
import type { NodeId } from '../peers/node-id.js';

/** A peer as `status` shows it. */
export interface PeerStatus {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
  readonly epoch: number;
  readonly isLinked: boolean;
  /** Round trip of the last probe, null when none was answered yet. */
  readonly rttMs: number | null;
}

/** The other members, one per name and sorted by it: a live one before those that are gone, else the newest. */
export function peersByName(members: readonly Member[], self: Member): Member[] {
  const byName = new Map<string, Member>();
  for (const member of members) {
    if (member.id === self.id || isFormerSelf(member, self)) continue;
    const other = byName.get(member.name);
    if (other === undefined || isRather(member, other)) byName.set(member.name, member);
  }
  return [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** `degraded` while a member is suspect, or dead and not forgotten. */
export function clusterState(peers: readonly Member[]): 'healthy' | 'degraded' {
  return peers.some(({ state }) => state === 'suspect' || state === 'dead') ? 'degraded' : 'healthy';
}

/** The names of some nodes, sorted, each once. */
export function namesOf(ids: readonly NodeId[], member: (id: NodeId) => Member | undefined): string[] {
  const names = new Set(ids.map((id) => member(id)?.name).filter((name) => name !== undefined));
  return [...names].sort();
}

function isLive({ state }: Member): boolean {
  return state === 'alive' || state === 'suspect';
}

/** A node that lost its data folder comes back under its name as another one. */
function isFormerSelf(member: Member, self: Member): boolean {
  return member.name === self.name && !isLive(member);
}

function isRather(member: Member, other: Member): boolean {
  if (isLive(member) !== isLive(other)) return isLive(member);
  return member.epoch > other.epoch;
}
