import { isLiveState, type Member } from '../peers/membership/member.js';
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
  /** The version of the protocol that the link speaks, null without one. */
  readonly protocol: number | null;
  /** How much longer it is shut out for what it sent, null when it is not. */
  readonly quarantinedForMs: number | null;
  /** Whether the peer goes by the same rules as this node; null while it is not linked or does not say. */
  readonly sameTopicPolicy: boolean | null;
  readonly sameAllowList: boolean | null;
}

/** The other members by name: the live, also when they share one, and under other names the newest of those that are gone. */
export function peersByName(members: readonly Member[], self: Member): Member[] {
  const others = members.filter((member) => member.id !== self.id);
  const live = others.filter(({ state }) => isLiveState(state));
  const liveNames = new Set([self.name, ...live.map(({ name }) => name)]);
  const gone = new Map<string, Member>();
  for (const member of others) {
    // A node that lost its data folder comes back under its name as another one.
    if (liveNames.has(member.name)) continue;
    const other = gone.get(member.name);
    if (other === undefined || member.epoch > other.epoch) gone.set(member.name, member);
  }
  return [...live, ...gone.values()].sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
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

/** Names have no spaces, so that of two the shorter comes first. */
function orderOf({ name, id }: Member): string {
  return `${name} ${id}`;
}
