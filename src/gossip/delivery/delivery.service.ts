import { Injectable } from '@nestjs/common';
import { openBundle } from '../../crypto/bundle-seal.js';
import { IdentityService } from '../../crypto/identity.service.js';
import { TopicPolicies } from '../../crypto/topic-policies.service.js';
import type { KeyId } from '../../crypto/topic-keys.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { decodeContent } from '../bundles/bundle-content.js';
import { BundleLog } from '../log/bundle-log.service.js';
import type { Bundle } from '../bundles/bundle.js';
import { Deadlines } from '../../runtime/deadlines.service.js';
import { BehindStreams } from './behind-streams.js';
import type { GossipListener, Interest } from './gossip-listener.js';
import { KeyRequests } from '../keys/key-requests.service.js';
import type { Gap, Message, Opened } from '../bundles/message.js';
import { PublishersService } from '../keys/publishers.service.js';
import type { StreamId } from '../bundles/stream.js';
import { TopicKeysService } from '../keys/topic-keys.service.js';

/** Bytes of a blocked stream that are read from the log at a time. */
const CATCH_UP_BYTES = 1024 * 1024;

/**
 * Opens what gossip releases and hands it up, in each stream's order. A bundle whose key is still missing blocks its stream
 * alone: the rest of it stays in the log until the key is there.
 */
@Injectable()
export class DeliveryService {
  readonly #behind = new BehindStreams();
  /** Streams that wait for a key for which there was no place among those that are asked for. */
  readonly #unasked = new Set<StreamId>();
  #listener: GossipListener | undefined;
  #interest: Interest | undefined;

  constructor(
    private readonly keys: TopicKeysService,
    private readonly publishers: PublishersService,
    private readonly log: BundleLog,
    private readonly requests: KeyRequests,
    private readonly deadlines: Deadlines,
    private readonly logger: NodeLogger,
    private readonly identity: IdentityService,
    private readonly policies: TopicPolicies,
  ) {
    requests.attach((keyId) => this.#giveUp(keyId));
  }

  attach(listener: GossipListener): void {
    this.#listener = listener;
  }

  attachInterest(interest: Interest): void {
    this.#interest = interest;
  }

  /** Whether this node wants the topic and may read it, at once; what the cluster knows of it follows. */
  isWanted(topic: string): boolean {
    return this.#mayRead(topic) && (this.#interest?.isWanted(topic) ?? false);
  }

  /** The next bundle of its stream, in the log at `arrival`; its messages from `fromSeq` on are new. */
  released(bundle: Bundle, fromSeq: number, arrival: number): void {
    const { id, topic } = bundle.stream;
    const behind = this.#behind.get(id);
    if (!this.isWanted(topic)) this.#behind.delete(id);
    else if (behind !== undefined) {
      behind.lastSeq = Math.max(behind.lastSeq, bundle.lastSeq);
      if (behind.missingKey === undefined) behind.wakeUp ??= this.deadlines.set(0, () => this.#catchUp(id));
    } else if (!this.#deliver(bundle, fromSeq, arrival)) {
      const { stream, lastSeq } = bundle;
      this.#behind.add({ stream, nextSeq: fromSeq, lastSeq, missingKey: undefined, wakeUp: undefined });
      this.#await(id, bundle.keyId);
    }
  }

  /** History that was fetched: its key may have to be fetched as well. */
  backfilled(bundle: Bundle): void {
    if (this.isWanted(bundle.stream.topic) && this.keys.keyOf(bundle) === undefined) this.requests.want(bundle);
  }

  /** Own messages, which need no opening. */
  published(messages: readonly Message[], arrival: number): void {
    const [first] = messages;
    if (first !== undefined && this.isWanted(first.stream.topic)) this.#listener?.deliver(messages, arrival);
  }

  /** What a stream that is behind has not delivered is lost with the rest. */
  gap(gap: Gap): void {
    const behind = this.#behind.get(gap.stream.id);
    const from = Math.min(gap.from, behind?.nextSeq ?? gap.from);
    if (behind !== undefined) behind.nextSeq = Math.max(behind.nextSeq, gap.to + 1);
    this.#listener?.gap({ ...gap, from });
  }

  /** Keys arrived: the streams that waited for them go on. */
  keysArrived(keyIds: readonly KeyId[]): void {
    this.requests.arrived(keyIds);
    for (const id of keyIds.flatMap((keyId) => this.#behind.waitingFor(keyId))) this.#catchUp(id);
    this.#askFurther();
  }

  /** Keys that nobody had may be had again. */
  linkUp(): void {
    this.requests.linkUp();
  }

  /** Whether this key is being asked for. */
  isKeyWanted(keyId: KeyId): boolean {
    return this.requests.isWanted(keyId);
  }

  /** Opens a bundle; lost is what this node may not read, what its key does not open, and that whose key was asked for in vain. */
  open(bundle: Bundle): Opened {
    if (!this.#mayRead(bundle.stream.topic)) return 'lost';
    const key = this.keys.keyOf(bundle);
    if (key === undefined) {
      if (this.requests.isGivenUp(bundle.keyId)) return 'lost';
      this.requests.want(bundle);
      return 'awaited';
    }
    const plaintext = openBundle({
      header: bundle.header,
      key,
      counter: bundle.counter,
      ciphertext: bundle.ciphertext,
    });
    const publisherName = this.publishers.nameOf(bundle.stream.publisher);
    const content = plaintext === undefined ? undefined : decodeContent(plaintext, bundle, publisherName);
    if (content?.ok === true) return content.value;
    // Signed by its publisher, so this is the publisher's own doing: its messages are lost, not its stream.
    this.logger.warn('bundle.unreadable', { stream: bundle.stream.id, firstSeq: bundle.firstSeq });
    return 'lost';
  }

  #mayRead(topic: string): boolean {
    return this.policies.current.allows('read', this.identity.id, topic);
  }

  #deliver(bundle: Bundle, fromSeq: number, arrival: number): boolean {
    const opened = this.open(bundle);
    if (opened === 'awaited') return false;
    if (opened === 'lost') this.#lost(bundle, fromSeq);
    else {
      const fresh = fromSeq > bundle.firstSeq ? opened.slice(fromSeq - bundle.firstSeq) : opened;
      if (fresh.length > 0) this.#listener?.deliver(fresh, arrival);
    }
    return true;
  }

  #await(stream: StreamId, keyId: KeyId): void {
    const behind = this.#behind.get(stream);
    if (behind === undefined) return;
    this.#behind.await(behind, keyId);
    if (!this.requests.isWanted(keyId)) this.#unasked.add(stream);
  }

  /** Some keys are not asked for any more: others take their places. */
  #askFurther(): void {
    for (const id of this.#unasked) {
      const behind = this.#behind.get(id);
      if (behind?.missingKey !== undefined) {
        if (!this.requests.want({ stream: behind.stream, keyId: behind.missingKey })) return;
      }
      this.#unasked.delete(id);
    }
  }

  /** Delivers a part of what the log has of the stream; the rest follows in a later turn. */
  #catchUp(stream: StreamId): void {
    const behind = this.#behind.get(stream);
    if (behind === undefined) return;
    behind.wakeUp?.cancel();
    behind.wakeUp = undefined;
    this.#behind.await(behind, undefined);
    const logged = this.log.read(stream, behind.nextSeq, CATCH_UP_BYTES);
    if (logged.length === 0 && behind.nextSeq > behind.lastSeq) return this.#behind.delete(stream);
    if (logged.length === 0) return;
    for (const { bundle, arrival } of logged) {
      const fromSeq = Math.max(behind.nextSeq, bundle.firstSeq);
      if (!this.#deliver(bundle, fromSeq, arrival)) return this.#await(stream, bundle.keyId);
      behind.nextSeq = bundle.lastSeq + 1;
    }
    behind.wakeUp = this.deadlines.set(0, () => this.#catchUp(stream));
  }

  #giveUp(keyId: KeyId): void {
    for (const id of this.#behind.waitingFor(keyId)) this.#catchUp(id);
    this.#askFurther();
  }

  #lost({ stream, lastSeq }: Bundle, fromSeq: number): void {
    this.#listener?.gap({ stream, from: fromSeq, to: lastSeq, reason: 'key' });
  }
}
