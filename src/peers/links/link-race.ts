import type { NodeId } from '../node-id.js';

/** Two ends that dial each other complete both handshakes within this time; a later link is no race but a replacement. */
export const RACE_MS = 5_000;

/** One of two links to the same peer. */
export interface Racer {
  readonly dialledBy: NodeId;
  readonly establishedAtMs: number;
}

/**
 * Which of two links to the same peer stays, decided alike at both ends without asking. When both ends dialled at the same
 * time the link dialled by the lower id stays. A second link by the same dialler, or one that comes long after the first,
 * means that its dialler has lost the first one: the newer stays.
 */
export function staysInRace(existing: Racer, candidate: Racer): 'existing' | 'candidate' {
  const isRace =
    existing.dialledBy !== candidate.dialledBy && candidate.establishedAtMs - existing.establishedAtMs < RACE_MS;
  return isRace && existing.dialledBy < candidate.dialledBy ? 'existing' : 'candidate';
}
