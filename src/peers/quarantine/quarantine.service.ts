import { Injectable } from '@nestjs/common';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { CountsByName } from '../links/link-counters.js';
import type { NodeId } from '../node-id.js';
import { type Misbehaviour, weightOf } from './misbehaviour.js';
import { Quarantine } from './quarantine.js';

/** A peer that is shut out, and for how much longer. */
export interface ExcludedPeer {
  readonly id: NodeId;
  readonly reason: string;
  readonly remainingMs: number;
}

/** Who unlinks the peers that are shut out, and links those again whose time is over. */
export interface QuarantineListener {
  excludedPeer(id: NodeId): void;
  releasedPeers(): void;
}

/** Shuts out peers that misbehave, tells who is told of it, and lets them back in when their time is over. */
@Injectable()
export class QuarantineService {
  /** Exclusions since the start, by what the peer was caught at. */
  readonly exclusions = new CountsByName();
  readonly #quarantine = new Quarantine();
  readonly #alarm: Alarm;
  #listener: QuarantineListener | undefined;

  constructor(
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('quarantine', () => this.#release());
  }

  attach(listener: QuarantineListener): void {
    this.#listener = listener;
  }

  misbehaved(id: NodeId, misbehaviour: Misbehaviour): void {
    const nowMs = this.clock.monotonicMs();
    const how = { reason: misbehaviour, weight: weightOf(misbehaviour) };
    const exclusion = this.#quarantine.blame(id, how, nowMs);
    if (exclusion === undefined) return;
    const { reason, untilMs } = exclusion;
    this.exclusions.add(reason);
    this.logger.warn('peer shut out', { peerId: id, reason, forMs: Math.round(untilMs - nowMs) });
    this.#listener?.excludedPeer(id);
    this.#setAlarm(nowMs);
  }

  isExcluded(id: NodeId): boolean {
    return this.#quarantine.isExcluded(id, this.clock.monotonicMs());
  }

  excluded(): readonly ExcludedPeer[] {
    const nowMs = this.clock.monotonicMs();
    return this.#quarantine
      .excluded(nowMs)
      .map(({ id, reason, untilMs }) => ({ id, reason, remainingMs: untilMs - nowMs }));
  }

  stop(): void {
    this.#listener = undefined;
    this.#alarm.clear();
  }

  #release(): void {
    this.#listener?.releasedPeers();
    this.#setAlarm(this.clock.monotonicMs());
  }

  #setAlarm(nowMs: number): void {
    const due = this.#quarantine.excluded(nowMs).map(({ untilMs }) => untilMs);
    if (due.length > 0) this.#alarm.set(Math.min(...due));
  }
}
