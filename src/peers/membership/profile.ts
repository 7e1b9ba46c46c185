/** Timers of membership for a kind of network; probe timeouts and periods are stretched while this node itself is slow. */
export interface Profile {
  /** One member is probed each period. Lower detects sooner and costs a ping, an ack and their wake-ups each time. */
  readonly periodMs: number;
  /** Wait for a direct ack before others are asked; above the 99th percentile of round trips. */
  readonly probeTimeoutMs: number;
  /** How many others are asked to probe. SWIM §4.1 calls it k; 3 is memberlist's default. */
  readonly helpers: number;
  /** Shortest suspicion in periods, times log10 of the members. Raising it forgives longer pauses and detects later. */
  readonly suspicionPeriods: number;
  /** Longest suspicion, when nobody confirms, as a multiple of the shortest. Lifeguard §IV.B: 6; less where minutes count. */
  readonly suspicionStretch: number;
  /** How long a lost link may take to come back before it counts against its peer; above the first re-dials. */
  readonly linkGraceMs: number;
  /** A timer that comes later than this tells that this node stood still. */
  readonly lagMs: number;
  /**
   * Direct probes missed in a row, each made as soon as the one before was missed, while others reach the member, after which its
   * link is closed as stuck if nothing else came over it meanwhile. Lower notices sooner, higher forgives packets that have to be
   * sent again. Guess: 3 probe timeouts outlast a retransmission.
   */
  readonly staleProbes: number;
  /** How long a leaving node waits for its peers' acks. */
  readonly leaveTimeoutMs: number;
  /** How long dead and left members are remembered and re-tried. */
  readonly forgetMs: number;
}

export type ProfileName = 'local' | 'lan' | 'wan';

const FORGET_MS = 24 * 60 * 60 * 1_000;

/**
 * Periods, timeouts and suspicion factors of lan and wan are hashicorp/memberlist's; local is quicker than theirs: a
 * killed process of four is dead after about 1.2 s, a frozen one after about 2 s, and a second of stillness is forgiven.
 */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  local: {
    periodMs: 300,
    probeTimeoutMs: 150,
    helpers: 3,
    suspicionPeriods: 3,
    suspicionStretch: 2.5,
    linkGraceMs: 200,
    lagMs: 100,
    staleProbes: 3,
    leaveTimeoutMs: 500,
    forgetMs: FORGET_MS,
  },
  lan: {
    periodMs: 1_000,
    probeTimeoutMs: 500,
    helpers: 3,
    suspicionPeriods: 4,
    suspicionStretch: 6,
    linkGraceMs: 1_000,
    lagMs: 250,
    staleProbes: 3,
    leaveTimeoutMs: 1_000,
    forgetMs: FORGET_MS,
  },
  wan: {
    periodMs: 5_000,
    probeTimeoutMs: 3_000,
    helpers: 3,
    suspicionPeriods: 6,
    suspicionStretch: 6,
    linkGraceMs: 3_000,
    lagMs: 500,
    staleProbes: 3,
    leaveTimeoutMs: 3_000,
    forgetMs: FORGET_MS,
  },
};
