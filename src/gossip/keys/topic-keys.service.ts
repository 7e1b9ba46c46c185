import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { IdentityService } from '../../crypto/identity.service.js';
import { sealEnvelope } from '../../crypto/key-envelope.js';
import { RecordsService } from '../../crypto/records.service.js';
import {
  SEALING_KEYS_MAX,
  SealingKeys,
  unwrapTopicKey,
  WRAP_NONCE_BYTES,
  wrapTopicKey,
  type KeyId,
  type SealingTurn,
} from '../../crypto/topic-keys.js';
import { TopicPolicies } from '../../crypto/topic-policies.service.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import { Alarms, type Alarm } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { BundleLog } from '../log/bundle-log.service.js';
import type { Bundle } from '../bundles/bundle.js';
import { encodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import { KEYS_PER_FRAME_MAX, type KeyGrantFrame, type KeyRequestFrame } from '../bundles/gossip-frames.js';
import { Allowance } from '../dissemination/allowance.js';
import { WALK_PAUSE_MS } from '../dissemination/topic-walk.js';
import { KeyHolders } from './key-holders.js';
import { decodeTopicKey, encodeTopicKey, type KnownTopicKey } from './topic-key.js';

/** Opened topic keys that are kept in memory; others are unwrapped again from the log. */
const OPENED_KEYS_MAX = 16_384;
/** Readers leave and come: a topic gets a new key at most this often for it. */
const RENEWAL_PERIOD_MS = 60_000;
const PAIRWISE_KEY_BYTES = 32;

/** Keys that a linked peer may ask for in a second, about. */
export const KEYS_ASKED_MAX = 4_096;

/** What was agreed with one linked peer. */
interface Pairing {
  /** Wraps what this node grants to the peer; undefined while its envelope is being made. */
  outgoing: { readonly key: Buffer; readonly envelope: string } | undefined;
  isEnvelopeSent: boolean;
  /** Wraps what the peer grants to this node; with the envelope that brought it, which may come again. */
  incoming: { readonly key: Buffer; readonly envelope: string } | undefined;
  readonly granted: Set<KeyId>;
}

/**
 * Topic keys: makes those that this node seals with, grants them to interested peers, and keeps all that it was granted as long as
 * the bundles they open. Between two nodes they go wrapped with a pairwise key that one JWE has brought.
 */
@Injectable()
export class TopicKeysService implements OnModuleInit {
  readonly #holders = new KeyHolders();
  readonly #sealing = new SealingKeys(randomBytes, SEALING_KEYS_MAX, (topic) => this.#holders.forget(topic));
  /** Granted ones are in memory only until they open something, so that nobody fills the log with keys. */
  readonly #opened = new Map<KeyId, KnownTopicKey>();
  readonly #pairings = new Map<NodeId, Pairing>();
  readonly #allowance = new Allowance(KEYS_ASKED_MAX);
  readonly #renewal: Alarm;

  constructor(
    private readonly identity: IdentityService,
    private readonly peers: PeersService,
    private readonly log: BundleLog,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
    records: RecordsService,
    policies: TopicPolicies,
  ) {
    this.#renewal = alarms.create('gossip.key-renewal', () => this.#renewDeserted());
    records.attach(() => this.#renewAll());
    policies.attach(() => this.#renewAll());
  }

  onModuleInit(): void {
    this.#renewal.set(this.clock.monotonicMs() + RENEWAL_PERIOD_MS);
  }

  /** Key and nonce for the next bundle of an own stream; the key is in the log before it is used. */
  async sealingTurn(topic: string): Promise<SealingTurn> {
    const turn = this.#sealing.next(topic);
    if (turn.counter === 0) this.#holders.began(topic);
    // The log forgets the keys of a stream of which nothing is left, while the node goes on with the last of them.
    if (this.log.key(turn.keyId) === undefined) {
      try {
        await this.#keep(turn.keyId, { topic, key: turn.key });
      } catch (error) {
        // Nothing may be sealed with a key that would be forgotten.
        this.#sealing.renew(topic);
        throw error;
      }
    }
    this.#holders.used(topic, this.peers.directory.interested(topic));
    return turn;
  }

  /** The key that opens a bundle in the log, if this node has it; from then on it is kept as long as the bundle. */
  keyOf({ keyId, stream }: Pick<Bundle, 'keyId' | 'stream'>): Buffer | undefined {
    const known = this.#known(keyId);
    if (known !== undefined && this.log.key(keyId) === undefined) {
      const kept = this.#keep(keyId, { topic: stream.topic, key: known.key });
      kept.catch((cause: unknown) => this.logger.error('log.failed', { cause }));
    }
    return known?.key;
  }

  /** Gives a peer the key with which a bundle for it is sealed, unless it has it or does not want the topic. */
  offer(peer: NodeId, topic: string, keyId: KeyId): void {
    const pairing = this.#pairings.get(peer);
    if (pairing === undefined || pairing.granted.has(keyId)) return;
    this.#grant(peer, pairing, topic, [keyId]);
  }

  /** Asks a peer for keys. */
  request(peer: NodeId, topic: string, keyIds: readonly KeyId[]): void {
    const frame: KeyRequestFrame = { type: 'keyRequest', topic, keyIds: keyIds.slice(0, KEYS_PER_FRAME_MAX) };
    this.peers.send(peer, 'control', encodeGossipFrame(frame));
  }

  /** A peer asks: it gets what this node has of what it may read. */
  onRequest(peer: NodeId, frame: KeyRequestFrame): void {
    const pairing = this.#pairings.get(peer);
    const nowMs = this.clock.monotonicMs();
    if (pairing === undefined || !this.#allowance.hasSome(peer, nowMs)) return;
    this.#allowance.spend(peer, frame.keyIds.length, nowMs);
    // Whoever asks for what it was given could not open it.
    if (frame.keyIds.some((keyId) => pairing.granted.has(keyId))) pairing.isEnvelopeSent = false;
    this.#grant(peer, pairing, frame.topic, frame.keyIds);
  }

  /** Whether an envelope has yet to be opened before the keys of a grant can be unwrapped. */
  hasNewEnvelope(peer: NodeId, { envelope }: KeyGrantFrame): boolean {
    return envelope !== undefined && this.#pairings.get(peer)?.incoming?.envelope !== envelope;
  }

  /** Opens the envelope of a grant, which this and later ones need. */
  async openEnvelope(peer: NodeId, { envelope }: KeyGrantFrame): Promise<void> {
    const pairing = this.#pairings.get(peer);
    const key =
      pairing === undefined || envelope === undefined ? undefined : await this.identity.openEnvelope(envelope);
    if (pairing !== undefined && envelope !== undefined && key !== undefined) pairing.incoming = { key, envelope };
  }

  /** The ids of the keys that came with a grant; empty when they could not be unwrapped. */
  onGrant(peer: NodeId, frame: KeyGrantFrame): readonly KeyId[] {
    const pairwise = this.#pairings.get(peer)?.incoming?.key;
    const isWanted = this.peers.directory.interestSince(this.peers.self, frame.topic) !== undefined;
    if (pairwise === undefined || !isWanted) return [];
    const accepted: KeyId[] = [];
    for (const { keyId, wrapped } of frame.keys) {
      const key = unwrapTopicKey({ pairwise, keyId, wrapped });
      if (key === undefined) continue;
      accepted.push(keyId);
      this.learn(keyId, { topic: frame.topic, key });
    }
    return accepted;
  }

  /** A topic key that this node was given. */
  learn(keyId: KeyId, known: KnownTopicKey): void {
    if (this.#known(keyId) === undefined) this.#remember(keyId, known);
  }

  /** The key of a topic for a reader that is known to want and may read it; from then on it counts as one that has it. */
  grantable(reader: NodeId, topic: string, keyId: KeyId): Buffer | undefined {
    const known = this.#known(keyId);
    if (known?.topic !== topic) return undefined;
    this.#noteHolder(reader, topic, keyId);
    return known.key;
  }

  /** Makes the envelope for a new peer right away, so that its first message need not wait for it. */
  async linkUp(peer: NodeId): Promise<void> {
    const pairing: Pairing = { outgoing: undefined, isEnvelopeSent: false, incoming: undefined, granted: new Set() };
    this.#pairings.set(peer, pairing);
    const record = this.peers.recordOf(peer);
    if (record === undefined) return;
    const key = randomBytes(PAIRWISE_KEY_BYTES);
    const envelope = await sealEnvelope(record.encryptionKey, key);
    pairing.outgoing = { key, envelope };
  }

  linkDown(peer: NodeId): void {
    this.#pairings.delete(peer);
  }

  #grant(peer: NodeId, pairing: Pairing, topic: string, keyIds: readonly KeyId[]): void {
    if (pairing.outgoing === undefined) return;
    if (this.peers.directory.interestSince(peer, topic) === undefined) return;
    const pairwise = pairing.outgoing.key;
    const keys = keyIds.flatMap((keyId) => {
      const known = this.#known(keyId);
      if (known === undefined || known.topic !== topic) return [];
      return [
        { keyId, wrapped: wrapTopicKey({ pairwise, keyId, key: known.key, nonce: randomBytes(WRAP_NONCE_BYTES) }) },
      ];
    });
    if (keys.length === 0) return;
    const envelope = pairing.isEnvelopeSent ? undefined : pairing.outgoing.envelope;
    if (!this.peers.send(peer, 'control', encodeGossipFrame({ type: 'keyGrant', topic, envelope, keys }))) return;
    pairing.isEnvelopeSent = true;
    for (const { keyId } of keys) this.#granted(peer, pairing, topic, keyId);
  }

  #granted(peer: NodeId, pairing: Pairing, topic: string, keyId: KeyId): void {
    pairing.granted.add(keyId);
    if (pairing.granted.size > OPENED_KEYS_MAX) pairing.granted.clear();
    this.#noteHolder(peer, topic, keyId);
  }

  #noteHolder(reader: NodeId, topic: string, keyId: KeyId): void {
    if (this.#sealing.current(topic)?.keyId === keyId) this.#holders.granted(topic, reader);
  }

  /** Somebody may have lost the right to read: whatever key it has, from whomever, opens nothing that is published from now on. */
  #renewAll(): void {
    this.#sealing.renewAll();
    this.#holders.clear();
  }

  /** A reader that unsubscribed or left has the present key: the next bundle is sealed with another. */
  #renewDeserted(): void {
    for (const topic of this.#holders.takeDeserted((id, of) => this.#isGone(id, of))) this.#sealing.renew(topic);
    const pauseMs = this.#holders.isUnderWay ? WALK_PAUSE_MS : RENEWAL_PERIOD_MS;
    this.#renewal.set(this.clock.monotonicMs() + pauseMs);
  }

  #isGone(reader: NodeId, topic: string): boolean {
    if (reader === this.peers.self) return false;
    const state = this.peers.directory.member(reader)?.state;
    if (state === undefined) return true;
    return state === 'left' || (state === 'alive' && this.peers.directory.interestSince(reader, topic) === undefined);
  }

  #known(keyId: KeyId): KnownTopicKey | undefined {
    const opened = this.#opened.get(keyId);
    if (opened !== undefined) return opened;
    const wrapped = this.log.key(keyId);
    const bytes = wrapped === undefined ? undefined : this.identity.unwrapKey(wrapped);
    const known = bytes === undefined ? undefined : decodeTopicKey(bytes);
    if (known !== undefined) this.#remember(keyId, known);
    return known;
  }

  async #keep(keyId: KeyId, known: KnownTopicKey): Promise<void> {
    this.#remember(keyId, known);
    await this.log.saveKey(keyId, this.identity.wrapKey(encodeTopicKey(known)));
  }

  #remember(keyId: KeyId, known: KnownTopicKey): void {
    this.#opened.set(keyId, known);
    if (this.#opened.size <= OPENED_KEYS_MAX) return;
    const [oldest] = this.#opened.keys();
    if (oldest !== undefined) this.#opened.delete(oldest);
  }
}
