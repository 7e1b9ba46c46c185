import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { IdentityService } from '../../crypto/identity.service.js';
import { sealEnvelope } from '../../crypto/key-envelope.js';
import { RecordsService } from '../../crypto/records.service.js';
import {
  SealingKeys,
  unwrapTopicKey,
  WRAP_NONCE_BYTES,
  wrapTopicKey,
  type KeyId,
  type SealingTurn,
} from '../../crypto/topic-keys.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import { Alarms, type Alarm } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { BundleLog } from '../log/bundle-log.service.js';
import type { Bundle } from '../bundles/bundle.js';
import { encodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import { KEYS_PER_FRAME_MAX, type KeyGrantFrame, type KeyRequestFrame } from '../bundles/gossip-frames.js';
import { decodeTopicKey, encodeTopicKey, type KnownTopicKey } from './topic-key.js';

/** Opened topic keys that are kept in memory; others are unwrapped again from the log. */
const OPENED_KEYS_MAX = 16_384;
/** Readers leave and come: a topic gets a new key at most this often for it. */
const RENEWAL_PERIOD_MS = 60_000;
const PAIRWISE_KEY_BYTES = 32;

/** What was agreed with one linked peer. */
interface Pairing {
  /** Wraps what this node grants to the peer; undefined while its envelope is being made. */
  outgoing: { readonly key: Buffer; readonly envelope: string } | undefined;
  isEnvelopeSent: boolean;
  /** Wraps what the peer grants to this node. */
  incoming: Buffer | undefined;
  readonly granted: Set<KeyId>;
}

/**
 * Topic keys: makes those that this node seals with, grants them to interested peers, and keeps all that it was granted as long as
 * the bundles they open. Between two nodes they go wrapped with a pairwise key that one JWE has brought.
 */
@Injectable()
export class TopicKeysService implements OnModuleInit {
  readonly #sealing = new SealingKeys(randomBytes);
  /** Granted ones are in memory only until they open something, so that nobody fills the log with keys. */
  readonly #opened = new Map<KeyId, KnownTopicKey>();
  readonly #pairings = new Map<NodeId, Pairing>();
  /** Readers that have the present key of a topic that this node publishes to. */
  readonly #readers = new Map<string, Set<NodeId>>();
  readonly #renewal: Alarm;

  constructor(
    private readonly identity: IdentityService,
    private readonly peers: PeersService,
    private readonly records: RecordsService,
    private readonly log: BundleLog,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
  ) {
    this.#renewal = alarms.create('gossip.key-renewal', () => this.#renewDeserted());
    records.attach(() => this.#renewDeserted());
  }

  onModuleInit(): void {
    this.#renewal.set(this.clock.monotonicMs() + RENEWAL_PERIOD_MS);
  }

  /** Key and nonce for the next bundle of an own stream; a new key is in the log before it is used. */
  async sealingTurn(topic: string): Promise<SealingTurn> {
    const turn = this.#sealing.next(topic);
    if (turn.counter === 0) {
      this.#readers.set(topic, new Set());
      try {
        await this.#keep(turn.keyId, { topic, key: turn.key });
      } catch (error) {
        // Nothing may be sealed with a key that would be forgotten.
        this.#sealing.renew(topic);
        throw error;
      }
    }
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
    if (pairing !== undefined) this.#grant(peer, pairing, frame.topic, frame.keyIds);
  }

  /** The ids of the keys that came with a grant; empty when it could not be opened. */
  async onGrant(peer: NodeId, frame: KeyGrantFrame): Promise<readonly KeyId[]> {
    const pairing = this.#pairings.get(peer);
    if (pairing === undefined || this.peers.directory.interestSince(this.peers.self, frame.topic) === undefined)
      return [];
    if (frame.envelope !== undefined) pairing.incoming = await this.identity.openEnvelope(frame.envelope);
    const pairwise = pairing.incoming;
    if (pairwise === undefined) return [];
    const accepted: KeyId[] = [];
    for (const { keyId, wrapped } of frame.keys) {
      const key = unwrapTopicKey({ pairwise, keyId, wrapped });
      if (key === undefined) continue;
      accepted.push(keyId);
      if (this.#known(keyId) === undefined) this.#remember(keyId, { topic: frame.topic, key });
    }
    return accepted;
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
    if (this.#sealing.current(topic)?.keyId === keyId) this.#readers.get(topic)?.add(peer);
  }

  /** A reader that unsubscribed, left or is admitted no more has the present key: the next bundle is sealed with another. */
  #renewDeserted(): void {
    for (const [topic, readers] of this.#readers) {
      if (![...readers].some((reader) => this.#isGone(reader, topic))) continue;
      this.#sealing.renew(topic);
      this.#readers.delete(topic);
    }
    this.#renewal.set(this.clock.monotonicMs() + RENEWAL_PERIOD_MS);
  }

  #isGone(reader: NodeId, topic: string): boolean {
    const member = this.peers.directory.member(reader);
    if (member !== undefined && !this.records.isAdmitted(member.record)) return true;
    const state = member?.state;
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
