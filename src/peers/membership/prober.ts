import type { Random } from '../../runtime/random.js';
import type { Awareness } from './awareness.js';
import type { MembershipCoreOutput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Ack, PingRequest, PingResult } from './peer-frames.js';
import type { Profile } from './profile.js';

/** What the prober asks of the membership core around it. */
export interface ProberWorld {
  put(output: MembershipCoreOutput): void;
  isLinked(id: NodeId): boolean;
  /** There was a sign of life of this member. */
  isMet(id: NodeId): boolean;
  /** Live members other than this node. */
  others(): readonly NodeId[];
  digest(): string;
  /** A probe found the member alive. */
  reached(id: NodeId, nowMs: number): void;
  /** Neither the member nor anybody asked for help answered for it. */
  missed(id: NodeId, nowMs: number): void;
}

/**
 * SWIM's failure detector (§3.1 and §4.3): one member a period in shuffled rounds, directly over its link, then through k
 * others. With Lifeguard's nacks, which tell a silent member from a silent helper. A member without a link is
 * probed through others only.
 */
export class Prober {
  readonly #probes = new Map<number, Probe>();
  readonly #helping = new Map<number, Help>();
  /** Members whose link was silent when others reached them: how often in a row, and since which probe. */
  readonly #silences = new Map<NodeId, { readonly count: number; readonly sinceMs: number }>();
  readonly #round = new Round();
  readonly #hearsayRound = new Round();
  /** Below are the numbers of pings that probe nobody. */
  #lastProbe = 1;

  constructor(
    private readonly world: ProberWorld,
    private readonly profile: Profile,
    private readonly awareness: Awareness,
    private readonly random: Random,
  ) {}

  /** Probes the next member of the round; and besides some that were only heard of, who so do not delay the others. */
  next(nowMs: number): void {
    const others = this.world.others();
    const met = others.filter((id) => this.world.isMet(id));
    const target = this.#round.next(met, this.random);
    if (target !== undefined) this.probe(target, nowMs);
    if (met.length === others.length) return;
    const hearsay = others.filter((id) => !this.world.isMet(id));
    for (let count = 0; count < HEARSAY_PROBES; count++) {
      const next = this.#hearsayRound.next(hearsay, this.random);
      if (next !== undefined) this.probe(next, nowMs);
    }
  }

  /** Probes a member out of turn, unless it is being probed. */
  probe(target: NodeId, nowMs: number): void {
    if ([...this.#probes.values()].some((probe) => probe.target === target)) return;
    const isDirect = this.world.isLinked(target);
    const number = ++this.#lastProbe;
    this.#probes.set(number, { target, sentMs: nowMs, isDirect, helpers: new Set(), nacked: new Set() });
    this.#schedule('probe-over', number, nowMs, this.awareness.stretch(this.profile.periodMs));
    if (isDirect) {
      this.world.put({
        type: 'send',
        peers: [target],
        frame: { type: 'ping', probe: number, digest: this.world.digest() },
      });
      this.#schedule('probe-timeout', number, nowMs, this.awareness.stretch(this.profile.probeTimeoutMs));
    } else {
      this.askForHelp(number, nowMs);
    }
  }

  /** The round trip of the probe that this ack answers, or undefined when it answers none. */
  acked(peer: NodeId, { probe: number, wallMs }: Ack, nowMs: number): number | undefined {
    const help = this.#helping.get(number);
    if (help?.target === peer) this.#helped(number, true, wallMs);
    const probe = this.#probes.get(number);
    if (probe?.target !== peer || !probe.isDirect) return undefined;
    this.#silences.delete(peer);
    this.#settle(number, nowMs);
    return nowMs - probe.sentMs;
  }

  /** A peer wants to know whether `target` answers this node. */
  asked(peer: NodeId, request: PingRequest, nowMs: number): void {
    const help: Help = { requester: peer, probe: request.probe, target: request.target };
    const number = ++this.#lastProbe;
    this.#helping.set(number, help);
    const isPossible = this.world.isLinked(help.target) && this.#helping.size <= HELPING_MAX;
    if (!isPossible) return this.#helped(number, false);
    this.world.put({
      type: 'send',
      peers: [help.target],
      frame: { type: 'ping', probe: number, digest: this.world.digest() },
    });
    // Early enough that the nack arrives before the requester's probe is over (Lifeguard §IV.A).
    this.#schedule('help-over', number, nowMs, HELP_SHARE * this.profile.probeTimeoutMs);
  }

  /** A helper answers; `ownWallMs` is this node's wall clock. */
  told(peer: NodeId, result: PingResult, nowMs: number, ownWallMs: number): void {
    const probe = this.#probes.get(result.probe);
    if (probe === undefined || probe.target !== result.target || !probe.helpers.has(peer)) return;
    if (result.wallMs !== undefined && !probe.isDirect) {
      // Late by the way back from the target, which is short beside what clocks are off by.
      this.world.put({ type: 'clockHeard', id: probe.target, clockOffsetMs: result.wallMs - ownWallMs });
    }
    if (result.isReachable) {
      this.#settle(result.probe, nowMs);
      if (probe.isDirect) this.#noteSilence(probe, nowMs);
      return;
    }
    probe.nacked.add(peer);
    // Without a link and with a no from everybody there is nothing to wait for.
    if (!probe.isDirect && probe.nacked.size === probe.helpers.size) this.over(result.probe, nowMs);
  }

  /** The direct ack did not come in time, or cannot come: k others are asked. */
  askForHelp(number: number, nowMs: number): void {
    const probe = this.#probes.get(number);
    if (probe === undefined) return;
    const able = this.world.others().filter((id) => id !== probe.target && this.world.isLinked(id));
    const helpers = this.random.shuffle(able).slice(0, this.profile.helpers);
    helpers.forEach((id) => probe.helpers.add(id));
    if (helpers.length > 0) {
      this.world.put({
        type: 'send',
        peers: helpers,
        frame: { type: 'ping-request', probe: number, target: probe.target },
      });
    } else if (!probe.isDirect) {
      this.over(number, nowMs);
    }
  }

  /** The probe's time is over. */
  over(number: number, nowMs: number): void {
    const probe = this.#probes.get(number);
    if (probe === undefined) return;
    this.#probes.delete(number);
    const isOwnFaultLikely = probe.helpers.size > probe.nacked.size || (probe.isDirect && probe.helpers.size === 0);
    if (isOwnFaultLikely) this.awareness.blame();
    this.world.missed(probe.target, nowMs);
  }

  /** The one that was probed for somebody else did not answer in time. */
  helpOver(number: number): void {
    this.#helped(number, false);
  }

  /** A new link begins with a clean slate, and a probe, as what is known of the peer's clock may be of an earlier life. */
  linked(peer: NodeId, nowMs: number): void {
    this.#silences.delete(peer);
    for (const [number, { target }] of this.#probes) if (target === peer) this.#probes.delete(number);
    this.probe(peer, nowMs);
  }

  #helped(number: number, isReachable: boolean, wallMs?: number): void {
    const help = this.#helping.get(number);
    if (help === undefined) return;
    this.#helping.delete(number);
    this.world.put({
      type: 'send',
      peers: [help.requester],
      frame: {
        type: 'ping-result',
        probe: help.probe,
        target: help.target,
        isReachable,
        ...(wallMs === undefined ? {} : { wallMs }),
      },
    });
  }

  #settle(number: number, nowMs: number): void {
    const target = this.#probes.get(number)?.target;
    this.#probes.delete(number);
    this.awareness.praise();
    if (target !== undefined) this.world.reached(target, nowMs);
  }

  /**
   * Others reach it and its link is silent: after a few times at once the link is what is wrong, unless something comes over it that is
   * no ack. One that is only slow, or behind much data, is left alone.
   */
  #noteSilence({ target, sentMs }: Probe, nowMs: number): void {
    if (!this.world.isLinked(target)) return;
    const before = this.#silences.get(target) ?? { count: 0, sinceMs: sentMs };
    const silence = { ...before, count: before.count + 1 };
    this.#silences.set(target, silence);
    if (silence.count < this.profile.staleProbes) return this.probe(target, nowMs);
    this.#silences.delete(target);
    this.world.put({ type: 'close', peer: target, reason: 'stale', silentSinceMs: silence.sinceMs });
  }

  #schedule(kind: 'probe-timeout' | 'probe-over' | 'help-over', probe: number, nowMs: number, afterMs: number): void {
    this.world.put({ type: 'schedule', afterMs, timer: { kind, dueMs: nowMs + afterMs, probe } });
  }
}

/** Members in shuffled rounds (SWIM §4.3). */
class Round {
  #left: NodeId[] = [];

  /** The next of these; those that are not among them any more are passed over. */
  next(members: readonly NodeId[], random: Random): NodeId | undefined {
    const present = new Set(members);
    let next = this.#left.pop();
    while (next !== undefined && !present.has(next)) next = this.#left.pop();
    if (next !== undefined) return next;
    this.#left = random.shuffle([...present]);
    return this.#left.pop();
  }
}

/** Members that were only heard of and are probed in one period: soon real ones are met, and invented ones dead. */
const HEARSAY_PROBES = 4;

/** Probes made at once in others' stead. */
const HELPING_MAX = 1_024;

const HELP_SHARE = 0.8;

interface Probe {
  readonly target: NodeId;
  readonly sentMs: number;
  readonly isDirect: boolean;
  readonly helpers: Set<NodeId>;
  readonly nacked: Set<NodeId>;
}

interface Help {
  readonly requester: NodeId;
  readonly probe: number;
  readonly target: NodeId;
}
