import { Injectable } from '@nestjs/common';
import type { KeyId } from '../../crypto/topic-keys.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import type { Bundle } from '../bundles/bundle.js';
import { Deadlines, type Deadline } from '../../runtime/deadlines.service.js';
import { ExpiringMap } from '../../runtime/expiring-map.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { RelayedKeys } from './relayed-keys.service.js';
import { TopicKeysService } from './topic-keys.service.js';

/** A key is asked for again after this long, from another holder if there is one. */
const RETRY_MS = 500;
/** After so many requests in vain the key is given up. */
const REQUESTS_MAX = 120;
/** Requests by way of relays to a publisher that lives and is out of reach; then the key is given up all the same. */
const RELAYED_REQUESTS_MAX = 1_200;
/** A key that was given up is asked for again, when it is missed, after this long or once a peer was linked. */
const GIVEN_UP = { keptMs: 60_000, sizeMax: 16_384 };
/** Keys that are asked for at a time; further ones have to wait for a place. */
const KEYS_MAX = 4_096;

interface WantedKey {
  readonly stream: Bundle['stream'];
  requests: number;
  /** Requests by way of relays. */
  attempts: number;
  deadline: Deadline;
}

/** Topic keys that are missing: asks the publisher, then whoever else may have them, until they come or are given up. */
@Injectable()
export class KeyRequests {
  readonly #wanted = new Map<KeyId, WantedKey>();
  #givenUp = new ExpiringMap<KeyId, true>(GIVEN_UP);
  #gaveUp: ((keyId: KeyId) => void) | undefined;

  constructor(
    private readonly keys: TopicKeysService,
    private readonly relayed: RelayedKeys,
    private readonly peers: PeersService,
    private readonly deadlines: Deadlines,
    private readonly clock: SystemClock,
  ) {}

  /** Tells which keys are not to be had. */
  attach(gaveUp: (keyId: KeyId) => void): void {
    this.#gaveUp = gaveUp;
  }

  /** Asks for the key of a bundle unless that is under way; false when there is no place for it now. */
  want({ keyId, stream }: Pick<Bundle, 'keyId' | 'stream'>): boolean {
    if (this.#wanted.has(keyId)) return true;
    if (this.#wanted.size >= KEYS_MAX) return false;
    const wanted = { stream, requests: 0, attempts: 0, deadline: this.#retryLater(keyId) };
    this.#wanted.set(keyId, wanted);
    this.#givenUp.delete(keyId);
    this.#ask(keyId, wanted);
    return true;
  }

  isWanted(keyId: KeyId): boolean {
    return this.#wanted.has(keyId);
  }

  /** A holder of what was given up may have come: it is asked for when it is missed next. */
  linkUp(): void {
    this.#givenUp = new ExpiringMap(GIVEN_UP);
  }

  /** It was asked for in vain a moment ago, nobody came since, and nothing asks for it again. */
  isGivenUp(keyId: KeyId): boolean {
    return this.#givenUp.get(keyId, this.clock.monotonicMs()) !== undefined;
  }

  arrived(keyIds: readonly KeyId[]): void {
    for (const keyId of keyIds) {
      this.#wanted.get(keyId)?.deadline.cancel();
      this.#wanted.delete(keyId);
    }
  }

  #retryLater(keyId: KeyId): Deadline {
    return this.deadlines.set(RETRY_MS, () => this.#retry(keyId));
  }

  #retry(keyId: KeyId): void {
    const wanted = this.#wanted.get(keyId);
    if (wanted === undefined) return;
    if (wanted.requests >= REQUESTS_MAX || wanted.attempts >= RELAYED_REQUESTS_MAX) {
      this.#wanted.delete(keyId);
      this.#givenUp.set(keyId, true, this.clock.monotonicMs());
      this.#gaveUp?.(keyId);
      return;
    }
    wanted.deadline = this.#retryLater(keyId);
    this.#ask(keyId, wanted);
  }

  #ask(keyId: KeyId, wanted: WantedKey): void {
    const { publisher, topic } = wanted.stream;
    const holders = this.#holders(publisher, topic);
    const holder = holders[wanted.requests % Math.max(1, holders.length)];
    const isOutOfReach = this.peers.directory.isLive(publisher) && !this.peers.linked().includes(publisher);
    if (isOutOfReach) this.relayed.request(publisher, topic, [keyId], wanted.attempts++);
    // A publisher that lives and is only out of reach will bring it: that time does not count.
    if (holder !== undefined || !this.peers.directory.isLive(publisher)) wanted.requests++;
    if (holder !== undefined) this.keys.request(holder, topic, [keyId]);
  }

  #holders(publisher: NodeId, topic: string): readonly NodeId[] {
    const linked = new Set(this.peers.linked());
    return [publisher, ...this.peers.directory.interested(topic)].filter((id) => linked.delete(id));
  }
}
