import { Injectable } from '@nestjs/common';
import { AllowList } from '../../crypto/allow-list.service.js';
import { TopicPolicies } from '../../crypto/topic-policies.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import type { NodeId } from '../node-id.js';
import { decodeRules, encodeRules, type Rules } from './rules-frame.js';

/** Whether a peer goes by the same rules; null while it has not said. */
export interface RulesAgreement {
  readonly topicPolicy: boolean | null;
  readonly allowList: boolean | null;
}

const UNKNOWN: RulesAgreement = { topicPolicy: null, allowList: null };

/** Compares the own rules with those of the linked peers. Nodes that disagree refuse each other's messages, so it is said loudly. */
@Injectable()
export class RulesComparison {
  /** What linked peers said. */
  readonly #theirs = new Map<NodeId, Rules>();

  constructor(
    private readonly allowList: AllowList,
    private readonly policies: TopicPolicies,
    private readonly logger: NodeLogger,
  ) {}

  /** Calls `tell` with the own rules as a frame whenever they have changed. */
  attach(tell: (frame: Buffer) => void): void {
    const changed = (): void => {
      tell(this.frame());
      for (const peer of this.#theirs.keys()) this.#warn(peer);
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
    this.#warn(peer);
    return undefined;
  }

  forget(peer: NodeId): void {
    this.#theirs.delete(peer);
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

  #warn(peer: NodeId): void {
    const { topicPolicy, allowList } = this.of(peer);
    if (topicPolicy === false) this.logger.warn('a peer has another topic policy', { peerId: peer });
    if (allowList === false) this.logger.warn('a peer has another allow-list', { peerId: peer });
  }
}
