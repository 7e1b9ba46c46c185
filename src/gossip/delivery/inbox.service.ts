import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { verifyBundle } from '../../crypto/bundle-seal.js';
import type { NodeId } from '../../peers/node-id.js';
import type { Misbehaviour } from '../../peers/quarantine/misbehaviour.js';
import { PeersService } from '../../peers/peers.service.js';
import { Deadlines } from '../../runtime/deadlines.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { Allowance } from '../dissemination/allowance.js';
import { clusterTagOf, decodeBundle, type Bundle } from '../bundles/bundle.js';
import { DeliveryService } from './delivery.service.js';
import { GossipDriver } from './gossip-driver.service.js';
import { decodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import type { DataFrame, GossipFrame, KeyGrantFrame } from '../bundles/gossip-frames.js';
import { PublishersService } from '../keys/publishers.service.js';
import { RelayedKeys } from '../keys/relayed-keys.service.js';
import { StreamAdmission } from '../keys/stream-admission.service.js';
import { StreamNames } from '../bundles/stream-names.js';
import { unpinned } from '../../wire/unpinned.js';
import { TopicKeysService } from '../keys/topic-keys.service.js';

/** Frames of one peer that may wait while an envelope or record of it is being opened; more than a pull asks for. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

/** New records and envelopes that are looked at for a linked peer in a second, as each costs a millisecond; further ones wait, and the peer's frames behind them. */
export const SLOW_FRAMES_MAX = 256;
const SLOW_FRAMES_PAUSE_MS = 50;

/** What came in, and why some of it was refused. */
export interface InboxCounters {
  receivedBundles: number;
  receivedMessages: number;
  receivedBytes: number;
  duplicateBundles: number;
  refused: Record<RefusedReason, number>;
}

const REFUSED_REASONS = ['frame', 'bundle', 'policy', 'publisher', 'signature', 'record', 'overflow'] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** What an honest peer, which verifies what it passes on, does not send; strangers and records it may know better. */
const MISBEHAVIOUR: Partial<Record<RefusedReason, Misbehaviour>> = {
  frame: 'malformed-frame',
  bundle: 'malformed-frame',
  signature: 'forged-bundle',
};

/**
 * Takes the frames of peers: decodes, sorts out what is known, verifies the rest, and gives it to the core in the order in which it came.
 */
@Injectable()
export class InboxService {
  readonly counters: InboxCounters = {
    receivedBundles: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    duplicateBundles: 0,
    refused: { frame: 0, bundle: 0, policy: 0, publisher: 0, signature: 0, record: 0, overflow: 0 },
  };
  readonly #held = new Map<NodeId, { frames: Buffer[]; bytes: number }>();
  readonly #slow = new Allowance(SLOW_FRAMES_MAX);
  readonly #streams = new StreamNames();
  readonly #clusterTag: Buffer;

  constructor(
    private readonly driver: GossipDriver,
    private readonly peers: PeersService,
    private readonly keys: TopicKeysService,
    private readonly relayedKeys: RelayedKeys,
    private readonly publishers: PublishersService,
    private readonly admission: StreamAdmission,
    private readonly delivery: DeliveryService,
    private readonly logger: NodeLogger,
    private readonly deadlines: Deadlines,
    private readonly clock: SystemClock,
    settings: Settings,
  ) {
    this.#clusterTag = clusterTagOf(settings.clusterName);
  }

  frame(peer: NodeId, body: Buffer): void {
    const held = this.#held.get(peer);
    if (held === undefined) this.#take(peer, body);
    else if (held.bytes + body.length > HELD_BYTES_MAX) this.#refuse(peer, 'overflow', 'frames behind a slow one');
    else {
      held.bytes += body.length;
      held.frames.push(unpinned(body));
    }
  }

  linkDown(peer: NodeId): void {
    this.#held.delete(peer);
  }

  #take(peer: NodeId, body: Buffer): void {
    const frame = decodeGossipFrame(body, this.peers.versionOf(peer));
    if (frame.ok) this.#handle(peer, frame.value);
    else this.#refuse(peer, 'frame', frame.reason);
  }

  #handle(peer: NodeId, frame: GossipFrame): void {
    switch (frame.type) {
      case 'data':
        return this.#data(peer, frame);
      case 'keyRequest':
        return this.keys.onRequest(peer, frame);
      case 'keyGrant':
        return this.#keyGrant(peer, frame);
      case 'relayedKeyRequest':
        this.relayedKeys.onRequest(peer, frame).catch((cause: unknown) => this.#failed(peer, cause));
        return;
      case 'relayedKeyGrant':
        return this.#hold(peer, async () => {
          const isWanted = (keyId: string): boolean => this.delivery.isKeyWanted(keyId);
          this.delivery.keysArrived(await this.relayedKeys.onGrant(peer, frame, isWanted));
        });
      case 'record':
        if (this.publishers.recall(frame.jws)) return;
        return this.#hold(peer, async () => {
          if (!(await this.publishers.learn(frame.jws))) this.#refuse(peer, 'record', 'record of a publisher');
        });
      case 'extents':
        return this.driver.handle({ type: 'frame', peer, frame: this.admission.sift(peer, frame) });
      default:
        return this.driver.handle({ type: 'frame', peer, frame });
    }
  }

  #keyGrant(peer: NodeId, frame: KeyGrantFrame): void {
    const accept = (): void => this.delivery.keysArrived(this.keys.onGrant(peer, frame));
    if (!this.keys.hasNewEnvelope(peer, frame)) return accept();
    this.#hold(peer, async () => {
      await this.keys.openEnvelope(peer, frame);
      accept();
    });
  }

  #data(peer: NodeId, frame: DataFrame): void {
    this.counters.receivedBytes += frame.bundle.length;
    const decoded = decodeBundle(unpinned(frame.bundle), this.#clusterTag, (...name) => this.#streams.get(...name));
    if (!decoded.ok) return this.#refuse(peer, 'bundle', decoded.reason);
    const bundle = decoded.value;
    this.counters.receivedBundles++;
    this.counters.receivedMessages += bundle.lastSeq - bundle.firstSeq + 1;
    const isKnown = this.driver.isKnown(bundle.stream.id, bundle.firstSeq, bundle.lastSeq);
    if (isKnown) this.counters.duplicateBundles++;
    else if (!this.#isTaken(peer, bundle, frame.isRepair) || !this.#isGenuine(peer, bundle)) return;
    // A known one goes on as well: the peer that sent it has yet to hear that it is here.
    this.driver.handle({ type: 'received', peer, bundle, start: frame.start, isRepair: frame.isRepair });
  }

  #isTaken(peer: NodeId, { stream, lastSeq }: Bundle, isRepair: boolean): boolean {
    const refusal = this.admission.refusal(stream);
    if (refusal === undefined) return true;
    this.#refuse(peer, refusal, 'bundle of a publisher that may not publish this');
    if (!isRepair) this.admission.refused(peer, stream, lastSeq);
    this.driver.handle({ type: 'refused', stream: stream.id });
    return false;
  }

  #isGenuine(peer: NodeId, bundle: Bundle): boolean {
    const key = this.publishers.keyOf(bundle.stream.publisher);
    if (key === undefined) this.#refuse(peer, 'publisher', 'bundle of a stranger');
    else if (verifyBundle(bundle.header, bundle.ciphertext, bundle.signature, key)) return true;
    else this.#refuse(peer, 'signature', 'bundle with a wrong signature');
    return false;
  }

  /** What takes its time keeps its place: later frames of the peer wait for it. */
  #hold(peer: NodeId, work: () => Promise<void>): void {
    const held = { frames: [] as Buffer[], bytes: 0 };
    this.#held.set(peer, held);
    this.#turnOf(peer)
      .then(work)
      .catch((cause: unknown) => this.#failed(peer, cause))
      .finally(() => {
        if (this.#held.get(peer) !== held) return;
        this.#held.delete(peer);
        for (const body of held.frames) this.frame(peer, body);
      });
  }

  /** Resolves when the peer may cost this node another signature or envelope. */
  async #turnOf(peer: NodeId): Promise<void> {
    while (!this.#slow.hasSome(peer, this.clock.monotonicMs())) {
      await new Promise<void>((resolve) => this.deadlines.set(SLOW_FRAMES_PAUSE_MS, resolve));
    }
    this.#slow.spend(peer, 1, this.clock.monotonicMs());
  }

  #failed(peer: NodeId, cause: unknown): void {
    this.logger.error('inbox.failed', { peer, cause });
  }

  #refuse(peer: NodeId, reason: RefusedReason, detail: string): void {
    this.counters.refused[reason]++;
    const misbehaviour = MISBEHAVIOUR[reason];
    if (misbehaviour !== undefined) this.peers.misbehaved(peer, misbehaviour);
    this.logger.debug('inbox.refused', { peer, reason, detail });
  }
}
