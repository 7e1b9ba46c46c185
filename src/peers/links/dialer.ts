/**
 * Which URLs are dialled and when. Every kept URL is dialled until a link to the peer behind it is up, again after that
 * link is lost, and for ever after failures: exponential backoff with full jitter (the delay is drawn evenly from 0 to the
 * bound, which spreads the dials of many nodes best). A link that ends at once is a failure, too. A URL that turned out to be
 * our own is tried again only rarely. URLs that were only heard of share an allowance, so that nobody can have this
 * node dial thousands a second.
 */
import type { Core, Schedule, TimerExpired } from '../../runtime/core.js';
import { type Allowance, TokenBucket } from '../../runtime/token-bucket.js';
import type { Random } from '../../runtime/random.js';
import type { NodeId } from '../node-id.js';

/** First bound of the delay; doubled by every failure in a row. */
export const BACKOFF_MS = 100;
/** Last bound of the delay. Lower finds a restarted peer sooner, higher costs less while it is away. */
export const BACKOFF_MS_MAX = 10_000;
/** An address of our own may be given to another node some day. */
export const OWN_URL_RETRY_MS = 60_000;
/** URLs that nobody is known behind any more are tried at such times. */
export const RARE_MS = 300_000;
/** A link that lives so long was a success. */
export const STABLE_MS = 5_000;
/** Dials of URLs that were heard of and never led to a link. */
export const HEARSAY_DIALS: Allowance = { burst: 64, perSecond: 20 };
/** More URLs than this are not kept: addresses come from peers, too. */
export const URLS_MAX = 8_192;

/** Wanted by the settings; heard of from peers; or remembered, and tried now and then. */
export type DialKind = 'wanted' | 'hearsay' | 'rarely';

export type DialerInput =
  | { readonly type: 'keep'; readonly url: string; readonly how: DialKind }
  | { readonly type: 'forget'; readonly url: string }
  /** A link is up; `urls` lead to this peer: the one dialled and the one it announces. */
  | { readonly type: 'linkUp'; readonly peer: NodeId; readonly urls: readonly string[] }
  | { readonly type: 'linkDown'; readonly peer: NodeId }
  /** The dial came to nothing. */
  | { readonly type: 'failed'; readonly url: string; readonly isOwn: boolean };

export interface DialTimer {
  readonly url: string;
  readonly attempt: number;
}

export interface DialerOutput {
  readonly type: 'dial';
  readonly url: string;
}

type DialerStep = DialerOutput | Schedule<DialTimer>;

interface Target {
  /** `wanted` once it has led to a link. */
  how: DialKind;
  state: 'dialling' | 'waiting' | 'linked';
  /** Failures in a row. */
  failures: number;
  /** Distinguishes the timers of one target; only the newest counts. */
  attempt: number;
}

export class Dialer implements Core<DialerInput | TimerExpired<DialTimer>, DialerStep> {
  readonly #targets = new Map<string, Target>();
  /** Where links lead to, for kept URLs and for those kept later. */
  readonly #peerOf = new Map<string, NodeId>();
  /** Since when there is a link. */
  readonly #linked = new Map<NodeId, number>();
  #hearsay: TokenBucket | undefined;

  constructor(private readonly random: Random) {}

  handle(input: DialerInput | TimerExpired<DialTimer>, nowMs: number): readonly DialerStep[] {
    switch (input.type) {
      case 'keep':
        return this.#onKeep(input.url, input.how, nowMs);
      case 'forget':
        this.#targets.delete(input.url);
        return [];
      case 'linkUp':
        this.#onLinkUp(input.peer, input.urls, nowMs);
        return [];
      case 'linkDown':
        return this.#onLinkDown(input.peer, nowMs);
      case 'failed':
        return this.#onFailed(input.url, input.isOwn);
      case 'timer':
        return this.#onTimer(input.timer, nowMs);
    }
  }

  #onKeep(url: string, how: DialKind, nowMs: number): readonly DialerStep[] {
    const known = this.#targets.get(url);
    if (known !== undefined) {
      const isSooner = known.how === 'rarely' && how !== 'rarely';
      if (known.how !== 'wanted') known.how = how;
      return isSooner && known.state === 'waiting' ? this.#dial(url, known, nowMs) : [];
    }
    if (this.#targets.size >= URLS_MAX) return [];
    const target: Target = { how, state: 'waiting', failures: 0, attempt: 0 };
    this.#targets.set(url, target);
    return how === 'rarely' ? [this.#retry(url, target, RARE_MS)] : this.#dial(url, target, nowMs);
  }

  #onLinkUp(peer: NodeId, urls: readonly string[], nowMs: number): void {
    this.#linked.set(peer, nowMs);
    for (const url of urls) {
      this.#peerOf.set(url, peer);
      const target = this.#targets.get(url);
      if (target === undefined) continue;
      target.how = 'wanted';
      target.state = 'linked';
      target.attempt++;
    }
  }

  #onLinkDown(peer: NodeId, nowMs: number): readonly DialerStep[] {
    const isStable = nowMs - (this.#linked.get(peer) ?? nowMs) >= STABLE_MS;
    this.#linked.delete(peer);
    const outputs: DialerStep[] = [];
    for (const [url, owner] of this.#peerOf) {
      if (owner !== peer) continue;
      this.#peerOf.delete(url);
      const target = this.#targets.get(url);
      if (target?.state !== 'linked') continue;
      if (isStable) target.failures = 0;
      outputs.push(this.#backOff(url, target));
    }
    return outputs;
  }

  #onFailed(url: string, isOwn: boolean): readonly DialerStep[] {
    const target = this.#targets.get(url);
    if (target?.state !== 'dialling') return [];
    return [isOwn ? this.#schedule(url, target, OWN_URL_RETRY_MS) : this.#backOff(url, target)];
  }

  #onTimer(timer: DialTimer, nowMs: number): readonly DialerStep[] {
    const target = this.#targets.get(timer.url);
    if (target?.state !== 'waiting' || target.attempt !== timer.attempt) return [];
    return this.#dial(timer.url, target, nowMs);
  }

  #dial(url: string, target: Target, nowMs: number): readonly DialerStep[] {
    const peer = this.#peerOf.get(url);
    const isLinked = peer !== undefined && this.#linked.has(peer);
    if (!isLinked && target.how === 'hearsay') {
      this.#hearsay ??= new TokenBucket(HEARSAY_DIALS, nowMs);
      if (!this.#hearsay.take(1, nowMs)) return [this.#retry(url, target, BACKOFF_MS_MAX)];
    }
    target.state = isLinked ? 'linked' : 'dialling';
    return isLinked ? [] : [{ type: 'dial', url }];
  }

  #backOff(url: string, target: Target): DialerStep {
    const boundMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(target.failures, 20));
    target.failures++;
    return this.#retry(url, target, target.how === 'rarely' ? RARE_MS : boundMs);
  }

  #retry(url: string, target: Target, boundMs: number): DialerStep {
    return this.#schedule(url, target, this.random.between(0, boundMs));
  }

  #schedule(url: string, target: Target, afterMs: number): DialerStep {
    target.state = 'waiting';
    target.attempt++;
    return { type: 'schedule', afterMs, timer: { url, attempt: target.attempt } };
  }
}
