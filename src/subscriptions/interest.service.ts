import { Injectable } from '@nestjs/common';
import type { Interest } from '../gossip/delivery/gossip-listener.js';
import { GossipService } from '../gossip/gossip.service.js';
import { Alarms, type Alarm } from '../runtime/alarms.service.js';
import type { InterestEntry } from '../peers/interest/interest.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { InterestUnion, WANTED_PATTERNS_MAX, type Wanter } from './interest-union.js';

/** What this node wants, for whomever in it, and since when; gossip is told that it changed. */
@Injectable()
export class InterestService implements Interest {
  readonly #union = new InterestUnion();
  readonly #alarm: Alarm;

  constructor(
    private readonly gossip: GossipService,
    private readonly clock: SystemClock,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('subscriptions.interest', () => this.#expire());
    gossip.attachInterest(this);
  }

  /**
   * `sinceMs` is by the wall clock, 0 for all that is retained. True when the node wants more than before. GrapevineError
   * `too-many-subscriptions`.
   */
  add(pattern: string, by: Wanter, sinceMs: number): boolean {
    if (!this.#union.hasRoomFor(pattern)) {
      throw new GrapevineError('too-many-subscriptions', `a node has at most ${WANTED_PATTERNS_MAX}, clients included`);
    }
    const isMore = this.#union.add(pattern, by, sinceMs);
    if (isMore) this.gossip.interestChanged();
    return isMore;
  }

  remove(pattern: string, by: Wanter): void {
    if (this.#union.remove(pattern, by, this.clock.monotonicMs())) this.gossip.interestChanged();
    this.#setAlarm();
  }

  /** Whether the node, a handler or a client wants the topic, or did a moment ago. */
  isWanted(topic: string): boolean {
    return this.#union.isWanted(topic);
  }

  entries(): readonly InterestEntry[] {
    return this.#union.entries();
  }

  /** Since when the node as a whole wants this topic or pattern. */
  sinceMs(pattern: string): number | undefined {
    return this.#union.sinceMs(pattern);
  }

  /** How many connected clients want exactly this topic or pattern. */
  clients(pattern: string): number {
    return this.#union.clients(pattern);
  }

  #expire(): void {
    if (this.#union.expire(this.clock.monotonicMs())) this.gossip.interestChanged();
    this.#setAlarm();
  }

  #setAlarm(): void {
    const dueMs = this.#union.nextExpiryMs;
    if (dueMs !== undefined) this.#alarm.set(dueMs);
  }
}
