import { Injectable } from '@nestjs/common';
import { IdentityService } from '../../crypto/identity.service.js';
import { sealEnvelope } from '../../crypto/key-envelope.js';
import type { PublicJwk } from '../../crypto/public-key.js';
import { keyIdOf, type KeyId } from '../../crypto/topic-keys.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { encodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import {
  ENVELOPES_PER_FRAME_MAX,
  sinceVersion,
  type GossipFrame,
  type RelayedKeyGrantFrame,
  type RelayedKeyRequestFrame,
} from '../bundles/gossip-frames.js';
import { Allowance } from '../dissemination/allowance.js';
import { TopicKeysService } from './topic-keys.service.js';

/** Linked nodes that are asked at a time; only those with a link to the publisher pass it on. */
const RELAYS_ASKED = 3;
/** Keys that are sealed, passed on and opened for one linked peer in a second, as an envelope costs a millisecond. */
export const RELAYED_KEYS_MAX = 64;
/** Envelopes that are kept, as the same request comes by several ways. */
const ENVELOPES_MAX = 1_024;

/**
 * Topic keys for readers that the publisher has no link to: asked for and brought by a node that has links to both. Each goes in an envelope that the
 * reader alone can open, and is the one that the publisher signed in its bundles, so whoever passes it on can neither read nor replace it.
 */
@Injectable()
export class RelayedKeys {
  readonly #allowance = new Allowance(RELAYED_KEYS_MAX);
  readonly #envelopes = new Map<string, Promise<string>>();

  constructor(
    private readonly identity: IdentityService,
    private readonly peers: PeersService,
    private readonly keys: TopicKeysService,
    private readonly clock: SystemClock,
  ) {}

  /** Asks a publisher out of reach; with each attempt by way of others. */
  request(publisher: NodeId, topic: string, keyIds: readonly KeyId[], attempt: number): void {
    const frame: RelayedKeyRequestFrame = {
      type: 'relayedKeyRequest',
      reader: this.peers.self,
      publisher,
      topic,
      keyIds,
    };
    const relays = this.peers.linked().filter((peer) => this.#speaks(peer));
    for (let at = 0; at < Math.min(RELAYS_ASKED, relays.length); at++) {
      this.#send(relays[(attempt * RELAYS_ASKED + at) % relays.length]!, frame);
    }
  }

  /** Passes on what a linked reader asks, and answers what comes for this node. */
  async onRequest(peer: NodeId, frame: RelayedKeyRequestFrame): Promise<void> {
    const { reader, publisher, topic } = frame;
    if (!this.#spend(peer, frame.keyIds.length)) return;
    if (publisher !== this.peers.self) {
      if (reader === peer && this.#isLinked(publisher)) this.#send(publisher, frame);
      return;
    }
    const record = this.peers.recordOf(reader);
    if (record === undefined || this.peers.directory.interestSince(reader, topic) === undefined) return;
    const keys: { keyId: KeyId; envelope: string }[] = [];
    for (const keyId of frame.keyIds.slice(0, ENVELOPES_PER_FRAME_MAX)) {
      const key = this.keys.grantable(reader, topic, keyId);
      if (key !== undefined) keys.push({ keyId, envelope: await this.#seal(reader, keyId, record.encryptionKey, key) });
    }
    if (keys.length > 0) this.#send(peer, { type: 'relayedKeyGrant', reader, topic, keys });
  }

  /** The ids of the keys that came for this node and that `isWanted`; what is for a linked reader is passed on. */
  async onGrant(
    peer: NodeId,
    frame: RelayedKeyGrantFrame,
    isWanted: (keyId: KeyId) => boolean,
  ): Promise<readonly KeyId[]> {
    const { reader, topic } = frame;
    if (!this.#spend(peer, frame.keys.length)) return [];
    if (reader !== this.peers.self) {
      if (this.#isLinked(reader)) this.#send(reader, frame);
      return [];
    }
    if (this.peers.directory.interestSince(reader, topic) === undefined) return [];
    const accepted: KeyId[] = [];
    for (const { keyId, envelope } of frame.keys) {
      const key = isWanted(keyId) ? await this.identity.openEnvelope(envelope) : undefined;
      if (key === undefined || keyIdOf(key) !== keyId) continue;
      this.keys.learn(keyId, { topic, key });
      accepted.push(keyId);
    }
    return accepted;
  }

  #seal(reader: NodeId, keyId: KeyId, encryptionKey: PublicJwk, key: Buffer): Promise<string> {
    const name = `${reader} ${keyId}`;
    const known = this.#envelopes.get(name);
    if (known !== undefined) return known;
    const envelope = sealEnvelope(encryptionKey, key);
    this.#envelopes.set(name, envelope);
    if (this.#envelopes.size > ENVELOPES_MAX) this.#envelopes.delete(this.#envelopes.keys().next().value!);
    return envelope;
  }

  #spend(peer: NodeId, keys: number): boolean {
    const nowMs = this.clock.monotonicMs();
    if (!this.#allowance.hasSome(peer, nowMs)) return false;
    this.#allowance.spend(peer, keys, nowMs);
    return true;
  }

  #isLinked(peer: NodeId): boolean {
    return this.peers.linked().includes(peer) && this.#speaks(peer);
  }

  #speaks(peer: NodeId): boolean {
    return (this.peers.versionOf(peer) ?? 0) >= sinceVersion('relayedKeyRequest');
  }

  #send(peer: NodeId, frame: GossipFrame): void {
    this.peers.send(peer, 'control', encodeGossipFrame(frame));
  }
}
