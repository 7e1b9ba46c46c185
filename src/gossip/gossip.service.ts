import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { KeyId } from '../crypto/topic-keys.js';
import { TopicPolicies } from '../crypto/topic-policies.service.js';
import type { NodeId } from '../peers/node-id.js';
import type { InterestEntry } from '../peers/interest/interest.js';
import type { KnownCount, PeersListener } from '../peers/peers-listener.js';
import { PeersService } from '../peers/peers.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { BundleLog, type TopicUsage } from './log/bundle-log.service.js';
import type { StreamExtent } from './store/bundle-store.js';
import { Deadlines } from '../runtime/deadlines.service.js';
import { DeliveryService } from './delivery/delivery.service.js';
import { GossipDriver } from './delivery/gossip-driver.service.js';
import type { GossipListener, Interest } from './delivery/gossip-listener.js';
import { InboxService } from './delivery/inbox.service.js';
import type { Message, OpenedBundle, StreamPart } from './bundles/message.js';
import { PublisherService } from './publishing/publisher.service.js';
import { PublishersService } from './keys/publishers.service.js';
import type { PublishInput, PublishOptions } from './publishing/publish.js';
import type { Receipt } from './publishing/receipt.js';
import type { StreamId } from './bundles/stream.js';
import { TopicKeysService } from './keys/topic-keys.service.js';

/** Bytes of the log, and bundles, that one read of messages opens. */
const READ_BYTES = 256 * 1024;
const READ_BUNDLES = 64;
/** Bundles that are passed over at a time. */
const PASSED_BUNDLES = 1_024;
const POLL_MS = 25;
/** Topics that a line of the log names. */
const TOPICS_NAMED = 10;
/** History counts as arrived when nothing was missing for so long. */
const HISTORY_QUIET_MS = 250;

/** What the layers above see of gossip: publish, want, read the log. */
@Injectable()
export class GossipService implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown, PeersListener {
  #interest: Interest | undefined;
  #isTellSet = false;
  #isDraining = false;

  constructor(
    private readonly peers: PeersService,
    private readonly log: BundleLog,
    private readonly driver: GossipDriver,
    private readonly inbox: InboxService,
    private readonly keys: TopicKeysService,
    private readonly publishers: PublishersService,
    private readonly publisher: PublisherService,
    private readonly delivery: DeliveryService,
    private readonly deadlines: Deadlines,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    private readonly policies: TopicPolicies,
  ) {
    peers.attach(this);
    policies.attach(() => this.#warnOfUnreadable(this.#interest?.entries() ?? []));
  }

  async onModuleInit(): Promise<void> {
    await this.log.open();
    this.clock.notBefore(this.log.newestMs);
    await this.publishers.restore();
    this.driver.start();
  }

  attach(listener: GossipListener): void {
    this.delivery.attach(listener);
  }

  /** Whom to ask what this node wants. */
  attachInterest(interest: Interest): void {
    this.#interest = interest;
    this.delivery.attachInterest(interest);
  }

  /**
   * Publishes one message. GrapevineError `may-not-publish`, `too-large`, `overloaded`, `draining`, `store-full`, `too-many-topics`, or `ack-timeout` with
   * the receipt in its details. The topic must be valid.
   */
  publish(input: PublishInput, options: PublishOptions): Promise<Receipt> {
    if (this.#isDraining) return Promise.reject(new GrapevineError('draining', 'the node is shutting down'));
    if (!this.policies.current.allows('publish', this.peers.self, input.topic)) {
      const detail = `the topic policy does not let this node publish to ${input.topic}`;
      return Promise.reject(new GrapevineError('may-not-publish', detail));
    }
    return this.publisher.publish(input, options);
  }

  /** GrapevineError `may-not-read` when there is no topic of the pattern that this node may read. */
  assertReadable(pattern: string): void {
    if (this.#mayRead(pattern)) return;
    throw new GrapevineError('may-not-read', `the topic policy does not let this node read ${pattern}`);
  }

  /** What this node wants has changed: the cluster is told of all changes of a turn together. */
  interestChanged(): void {
    if (this.#isTellSet) return;
    this.#isTellSet = true;
    setImmediate(() => this.tellInterest());
  }

  /** Tells of the changes so far without waiting for the end of the turn. */
  tellInterest(): void {
    if (!this.#isTellSet) return;
    this.#isTellSet = false;
    const entries = this.#interest?.entries() ?? [];
    this.peers.setInterest(entries);
    this.#warnOfUnreadable(entries);
  }

  /** Resolves when all live nodes know what this node wants now or the time is over, with what is known then. */
  waitUntilKnown(timeoutMs: number): Promise<KnownCount> {
    this.tellInterest();
    return this.peers.waitUntilKnown(timeoutMs);
  }

  /** Resolves when the history that live nodes hold of what this node wants has arrived, or after `timeoutMs`. */
  async pullHistory(timeoutMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + timeoutMs;
    await this.waitUntilKnown(timeoutMs);
    let quietSinceMs = this.clock.monotonicMs();
    await this.#until(() => {
      const nowMs = this.clock.monotonicMs();
      if (this.driver.isMissingAnything) quietSinceMs = nowMs;
      return nowMs - quietSinceMs >= HISTORY_QUIET_MS || this.peers.linked().length === 0;
    }, untilMs);
  }

  /** Names the order of arrivals in this node's log: random, as long-lived as the log, 6 bytes as base64url. */
  get storeId(): string {
    return this.log.storeState.id;
  }

  /** What the node's own store takes: all, nothing as it is full, or nothing as its disk fails or does not answer. */
  get storeState(): 'ok' | 'full' | 'failing' {
    const { failure } = this.log.storeState;
    if (failure === undefined) return 'ok';
    return failure.code === 'store-full' ? 'full' : 'failing';
  }

  /** A publisher's NODE_NAME, as last known. */
  nameOf(publisher: NodeId): string {
    return this.publishers.nameOf(publisher);
  }

  /** What this node holds of the streams whose topic matches a topic or pattern; may be gone through over several turns. */
  extentsOf(pattern: string): Iterable<StreamExtent> {
    return this.log.extentsOf(pattern);
  }

  extentOf(stream: StreamId): StreamExtent | undefined {
    return this.log.readable(stream);
  }

  /** A part of a stream in order, from `fromSeq` or the first above that is held, up to where a key is awaited. */
  readStream(stream: StreamId, fromSeq: number): StreamPart {
    const messages: Message[] = [];
    let nextSeq = fromSeq;
    for (const { bundle } of this.log.read(stream, fromSeq, READ_BYTES)) {
      const opened = this.delivery.open(bundle);
      if (opened === 'awaited') return { messages, nextSeq, awaitedKey: bundle.keyId };
      if (opened !== 'lost') for (const message of opened) if (message.seq >= fromSeq) messages.push(message);
      nextSeq = bundle.lastSeq + 1;
    }
    return { messages, nextSeq };
  }

  /** Whether a key that is missing is still asked for. */
  isKeyAwaited(keyId: KeyId): boolean {
    return this.delivery.isKeyWanted(keyId);
  }

  /** Whether a message was delivered that the log refused, and is to be fetched once more. */
  isUnlogged(stream: StreamId, seq: number): boolean {
    return this.driver.isUnlogged(stream, seq);
  }

  /** A part of a topic in order of arrival, whole bundles after `afterArrival`; empty when there is no more. */
  readTopic(topic: string, afterArrival: number): readonly OpenedBundle[] {
    const bundles = this.log.readTopic(topic, afterArrival, READ_BUNDLES, READ_BYTES);
    return bundles.map(({ bundle, arrival }) => {
      const { stream, firstSeq, lastSeq } = bundle;
      return { stream, firstSeq, lastSeq, arrival, opened: this.delivery.open(bundle) };
    });
  }

  /** Looks at a number of a topic's bundles after `afterArrival` without opening them: see `BundleLog.passOver`. */
  passOver(
    topic: string,
    afterArrival: number,
    isPassed: (entry: { readonly stream: { readonly id: StreamId }; readonly lastSeq: number }) => boolean,
  ): { readonly arrival: number; readonly isPassed: boolean } | undefined {
    return this.log.passOver(topic, afterArrival, PASSED_BUNDLES, isPassed);
  }

  /** The arrival of the bundle that holds a message; undefined when it is not here. */
  arrivalOf(stream: StreamId, seq: number): number | undefined {
    const [held] = this.log.read(stream, seq, 1);
    return held !== undefined && held.bundle.firstSeq <= seq ? held.arrival : undefined;
  }

  seqBefore(stream: StreamId, wallMs: number): number {
    return this.log.seqBefore(stream, wallMs);
  }

  topics(): readonly TopicUsage[] {
    return this.log.topics();
  }

  get counters(): {
    sent: GossipDriver['counters'];
    received: InboxService['counters'];
    store: BundleLog['storeState']['counters'];
  } {
    return { sent: this.driver.counters, received: this.inbox.counters, store: this.log.storeState.counters };
  }

  linkUp(peer: NodeId): void {
    this.delivery.linkUp();
    this.keys.linkUp(peer).catch((cause: unknown) => this.logger.error('keys.pairing-failed', { peer, cause }));
    this.driver.handle({ type: 'linkUp', peer });
  }

  linkDown(peer: NodeId): void {
    this.keys.linkDown(peer);
    this.inbox.linkDown(peer);
    this.driver.handle({ type: 'linkDown', peer });
  }

  frame(peer: NodeId, body: Buffer): void {
    this.inbox.frame(peer, body);
  }

  directoryChanged(): void {
    this.driver.handle({ type: 'directoryChanged' });
  }

  /** Takes no more messages, and resolves when those it took are in the logs of the interested, or at `untilMs` of the clock. */
  async drain(untilMs: number): Promise<void> {
    this.#isDraining = true;
    await this.#until(() => !this.publisher.isPublishing && !this.driver.isUnconfirmed, untilMs);
  }

  beforeApplicationShutdown(): void {
    this.#isDraining = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.log.close();
  }

  #mayRead(pattern: string): boolean {
    return this.policies.current.allowsSome('read', this.peers.self, pattern);
  }

  /** What was subscribed to before the policy changed, or without asking, stays and brings nothing. */
  #warnOfUnreadable(entries: readonly InterestEntry[]): void {
    if (this.policies.current.rules.length === 0) return;
    const unreadable = entries.map(({ pattern }) => pattern).filter((pattern) => !this.#mayRead(pattern));
    if (unreadable.length === 0) return;
    const topics = unreadable.slice(0, TOPICS_NAMED);
    this.logger.warn('subscribed to what this node may not read', { topics, count: unreadable.length });
  }

  /** Resolves when the condition holds, or at `untilMs` of the monotonic clock. */
  async #until(condition: () => boolean, untilMs: number): Promise<void> {
    while (!condition() && this.clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => this.deadlines.set(POLL_MS, resolve));
    }
  }
}
