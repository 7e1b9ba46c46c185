import { Injectable } from '@nestjs/common';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { StartError } from '../../runtime/start-error.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { isLiveState } from './member.js';
import { MembershipService } from './membership.service.js';
import { judgeName, type Namesake } from './name-claim.js';
import type { NodeId } from '../node-id.js';

/** While it is unclear whether the one that has the name lives, it is looked at so often. */
const LOOK_EVERY_MS = 100;

interface Claim {
  readonly sinceMs: number;
  readonly settled: (refusal: StartError | undefined) => void;
}

/** Claims this node's name when it starts, and later shows who else has it. */
@Injectable()
export class NodeName {
  readonly #alarm: Alarm;
  readonly #shown = new Set<NodeId>();
  #claim: Claim | undefined;

  constructor(
    private readonly membership: MembershipService,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('name', () => this.look());
  }

  /** Tells, perhaps at once, that the name is free, or why this node may not have it. Only the first claim counts. */
  claim(settled: (refusal: StartError | undefined) => void): void {
    if (this.#claim !== undefined) return;
    this.#claim = { sinceMs: this.clock.monotonicMs(), settled };
    this.look();
  }

  get isClaiming(): boolean {
    return this.#claim !== undefined;
  }

  /** To be called when members have changed. */
  look(): void {
    const claim = this.#claim;
    if (claim === undefined) this.#show();
    else this.#judge(claim);
  }

  stop(): void {
    this.#alarm.clear();
    this.#claim = undefined;
  }

  #judge(claim: Claim): void {
    const verdict = judgeName(this.#own, this.#namesakes(), claim.sinceMs);
    if (verdict.type === 'unclear') {
      const { id, url } = verdict.holder;
      if (!this.#shown.has(id)) this.logger.info('waits for the node that had the name', { peerId: id, url });
      this.#shown.add(id);
      return this.#alarm.set(this.clock.monotonicMs() + LOOK_EVERY_MS);
    }
    this.stop();
    if (verdict.type === 'free') this.#show();
    claim.settled(verdict.type === 'free' ? undefined : this.#refusal(verdict.holder));
  }

  #refusal({ url }: Namesake): StartError {
    return new StartError(`the name ${this.#own.name} is taken: ${url} has it, and answers; choose another NODE_NAME`);
  }

  /** A clash that is found out later, as when a split of the network heals, is shown and not fought over. */
  #show(): void {
    const namesakes = this.#namesakes();
    for (const id of this.#shown) if (!namesakes.some((namesake) => namesake.id === id)) this.#shown.delete(id);
    for (const { id, url } of namesakes) {
      if (this.#shown.has(id)) continue;
      this.#shown.add(id);
      this.logger.warn('another node has the name of this one', { peerId: id, url });
    }
  }

  get #own(): { readonly id: NodeId; readonly name: string; readonly epoch: number } {
    const { directory } = this.membership;
    return directory.member(directory.self)!;
  }

  #namesakes(): Namesake[] {
    const own = this.#own;
    return this.membership.directory
      .members()
      .filter(({ id, name, state }) => name === own.name && id !== own.id && isLiveState(state))
      .map(({ id, url, epoch }) => ({ id, url, epoch, heardMs: this.membership.signOfLifeMs(id) }));
  }
}
