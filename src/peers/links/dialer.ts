/**
 * Which URLs are dialled and when. Every kept URL is dialled until a link to the peer behind it is up, again after that
 * link is lost, and for ever after failures: exponential backoff with full jitter (the delay is drawn evenly from 0 to the
 * bound, which spreads the dials of many nodes best). A URL that turned out to be our own is tried again only rarely.
 */
import type { Core, Schedule, TimerExpired } from '../../runtime/core.js';
import type { Random } from '../../runtime/random.js';
import type { NodeId } from '../node-id.js';

/** First bound of the delay; doubled by every failure in a row. */
export const BACKOFF_MS = 100;
/** Last bound of the delay. Lower finds a restarted peer sooner, higher costs less while it is away. */
export const BACKOFF_MS_MAX = 10_000;
/** An address of our own may be given to another node some day. */
export const OWN_URL_RETRY_MS = 60_000;
/** More URLs than this are not kept: addresses come from peers, too. */
export const URLS_MAX = 8_192;

export type DialerInput =
  | { readonly type: 'keep'; readonly url: string }
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
  readonly #linked = new Set<NodeId>();

  constructor(private readonly random: Random) {}

  handle(input: DialerInput | TimerExpired<DialTimer>): readonly DialerStep[] {
    switch (input.type) {
      case 'keep':
        return this.#onKeep(input.url);
      case 'forget':
        this.#targets.delete(input.url);
        return [];
      case 'linkUp':
        this.#onLinkUp(input.peer, input.urls);
        return [];
      case 'linkDown':
        return this.#onLinkDown(input.peer);
      case 'failed':
        return this.#onFailed(input.url, input.isOwn);
      case 'timer':
        return this.#onTimer(input.timer);
    }
  }

  #onKeep(url: string): readonly DialerStep[] {
    if (this.#targets.has(url) || this.#targets.size >= URLS_MAX) return [];
    const target: Target = { state: 'dialling', failures: 0, attempt: 0 };
    this.#targets.set(url, target);
    return this.#dial(url, target);
  }

  #onLinkUp(peer: NodeId, urls: readonly string[]): void {
    this.#linked.add(peer);
    for (const url of urls) {
      this.#peerOf.set(url, peer);
      const target = this.#targets.get(url);
      if (target === undefined) continue;
      target.state = 'linked';
      target.failures = 0;
      target.attempt++;
    }
  }

  #onLinkDown(peer: NodeId): readonly DialerStep[] {
    this.#linked.delete(peer);
    const outputs: DialerStep[] = [];
    for (const [url, owner] of this.#peerOf) {
      if (owner !== peer) continue;
      this.#peerOf.delete(url);
      const target = this.#targets.get(url);
      if (target?.state === 'linked') outputs.push(this.#retry(url, target, BACKOFF_MS));
    }
    return outputs;
  }

  #onFailed(url: string, isOwn: boolean): readonly DialerStep[] {
    const target = this.#targets.get(url);
    if (target?.state !== 'dialling') return [];
    if (isOwn) return [this.#schedule(url, target, OWN_URL_RETRY_MS)];
    const boundMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(target.failures, 20));
    target.failures++;
    return [this.#retry(url, target, boundMs)];
  }

  #onTimer(timer: DialTimer): readonly DialerStep[] {
    const target = this.#targets.get(timer.url);
    if (target?.state !== 'waiting' || target.attempt !== timer.attempt) return [];
    return this.#dial(timer.url, target);
  }

  #dial(url: string, target: Target): readonly DialerStep[] {
    const peer = this.#peerOf.get(url);
    const isLinked = peer !== undefined && this.#linked.has(peer);
    target.state = isLinked ? 'linked' : 'dialling';
    return isLinked ? [] : [{ type: 'dial', url }];
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
