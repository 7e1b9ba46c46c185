import { Injectable } from '@nestjs/common';
import { AllowList } from '../../crypto/allow-list.service.js';
import { TopicPolicies } from '../../crypto/topic-policies.service.js';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import type { NodeId } from '../node-id.js';
import { decodeRules, encodeRules, type Rules } from './rules-frame.js';

/** Whether a peer goes by the same rules; null while it has not said. */
export interface RulesAgreement {
  readonly topicPolicy: boolean | null;
  readonly allowList: boolean | null;
}

/** Files are replaced node by node: what differs only meanwhile is not worth a warning. */
const SETTLE_MS = 5_000;

const UNKNOWN: RulesAgreement = { topicPolicy: null, allowList: null };

/** Compares the own rules with those of the linked peers. Nodes that disagree refuse each other's messages, so it is said loudly. */
@Injectable()
export class RulesComparison {
  /** What linked peers said. */
  readonly #theirs = new Map<NodeId, Rules>();
  /** What the log has been told of them. */
  readonly #told = new Map<NodeId, string>();
  readonly #alarm: Alarm;

  constructor(
    private readonly allowList: AllowList,
    private readonly policies: TopicPolicies,
    private readonly logger: NodeLogger,
    private readonly clock: SystemClock,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('rules of peers', () => this.#look());
  }

  /** Calls `tell` with the own rules as a frame whenever they have changed. */
  attach(tell: (frame: Buffer) => void): void {
    const changed = (): void => {
      tell(this.frame());
      this.#lookSoon();
    };
    this.allowList.attach(changed);
    this.policies.attach(changed);
  }

  /** The own rules as a frame. */
  frame(): Buffer {
    return encodeRules(this.own);
  }

  /** Why the frame is refused, or undefined when it is not. */
  heard(peer: NodeId, bytes: Uint8Array): string | undefined {
    const rules = decodeRules(bytes);
    if (!rules.ok) return rules.reason;
    this.#theirs.set(peer, rules.value);
    this.#lookSoon();
    return undefined;
  }

  forget(peer: NodeId): void {
    this.#theirs.delete(peer);
    this.#told.delete(peer);
  }

  of(peer: NodeId): RulesAgreement {
    const theirs = this.#theirs.get(peer);
    if (theirs === undefined) return UNKNOWN;
    const { own } = this;
    return { topicPolicy: theirs.topicPolicy === own.topicPolicy, allowList: theirs.allowList === own.allowList };
  }

  /** The rules of this node. */
  get own(): Rules {
    return { topicPolicy: this.policies.current.digest, allowList: this.allowList.digest };
  }

  #lookSoon(): void {
    this.#alarm.set(this.clock.monotonicMs() + SETTLE_MS);
  }

  /** Says what differs with whom, once until it changes. */
  #look(): void {
    for (const peer of this.#theirs.keys()) {
      const { topicPolicy, allowList } = this.of(peer);
      const differing = [topicPolicy === false ? 'topic policy' : '', allowList === false ? 'allow-list' : ''];
      const rules = differing.filter((name) => name !== '').join(', ');
      const told = this.#told.get(peer) ?? '';
      this.#told.set(peer, rules);
      if (rules !== '' && rules !== told) this.logger.warn('a peer goes by other rules', { peerId: peer, rules });
      if (rules === '' && told !== '') this.logger.info('a peer goes by the same rules again', { peerId: peer });
    }
  }
}
