import { Injectable } from '@nestjs/common';
import { openBundle } from '../crypto/bundle-seal.js';
import type { KeyId } from '../crypto/topic-keys.js';
import type { InterestEntry } from '../peers/interest.js';
import type { NodeId } from '../peers/node-id.js';
import { PeersService } from '../peers/peers.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { PatternTree } from '../topics/pattern-tree.js';
import { decodeContent } from './bundle-content.js';
import { BundleLog } from './bundle-log.service.js';
import type { Bundle } from './bundle.js';
import { Deadlines, type Deadline } from './deadlines.service.js';
import type { GossipListener } from './gossip-listener.js';
import type { Gap, Message } from './message.js';
import { PublishersService } from './publishers.service.js';
import type { StreamId } from './stream.js';
import { TopicKeysService } from './topic-keys.service.js';

/** Keys are asked for again after this long, from another holder if there is one. */
const KEY_RETRY_MS = 500;
/** After so many requests in vain the messages of that key are given up, with a gap. */
const KEY_REQUESTS_MAX = 120;
/** Bytes of a blocked stream that are read from the log at a time. */
const CATCH_UP_BYTES = 1024 * 1024;

/** A stream that is delivered from the log instead of as it is released: a key was missing, or still is. */
interface BehindStream {
  /** The first seq that was not delivered. */
  nextSeq: number;
  missingKey: KeyId | undefined;
  /** How often it was asked for. */
  requests: number;
  wakeUp: Deadline;
}

/**
 * Opens what gossip releases and hands it up, in each stream's order. A bundle whose key is still missing blocks its stream
 * alone: the rest of it stays in the log until the key is there.
 */
@Injectable()
export class DeliveryService {
  readonly #wanted = new PatternTree<null>();
  readonly #behind = new Map<StreamId, BehindStream>();
  #listener: GossipListener | undefined;

  constructor(
    private readonly keys: TopicKeysService,
    private readonly publishers: PublishersService,
    private readonly log: BundleLog,
    private readonly peers: PeersService,
    private readonly deadlines: Deadlines,
    private readonly logger: NodeLogger,
  ) {}

  attach(listener: GossipListener): void {
    this.#listener = listener;
  }

  /** What this node wants, at once; what the cluster knows of it follows. */
  setInterest(entries: readonly InterestEntry[], before: readonly InterestEntry[]): void {
    for (const { pattern } of before) this.#wanted.delete(pattern, null);
    for (const { pattern } of entries) this.#wanted.add(pattern, null);
  }

  isWanted(topic: string): boolean {
    return this.#wanted.matches(topic);
  }

  /** The next bundle of its stream, in the log at `arrival`; its messages from `fromSeq` on are new. */
  released(bundle: Bundle, fromSeq: number, arrival: number): void {
    const { id, topic } = bundle.stream;
    if (!this.isWanted(topic)) this.#caughtUp(id);
    else if (!this.#behind.has(id) && !this.#deliver(bundle, fromSeq, arrival)) this.#fallBehind(bundle, fromSeq);
  }

  /** Own messages, which need no opening. */
  published(messages: readonly Message[], arrival: number): void {
    const [first] = messages;
    if (first !== undefined && this.isWanted(first.stream.topic)) this.#listener?.deliver(messages, arrival);
  }

  gap(gap: Gap): void {
    const behind = this.#behind.get(gap.stream.id);
    if (behind !== undefined) behind.nextSeq = Math.max(behind.nextSeq, gap.to + 1);
    this.#listener?.gap(gap);
  }

  /** Keys arrived: the streams that waited for them go on. */
  keysArrived(keyIds: readonly KeyId[]): void {
    for (const [id, { missingKey }] of this.#behind) {
      if (missingKey !== undefined && keyIds.includes(missingKey)) this.#catchUp(id);
    }
  }

  /** The messages of a bundle, or undefined while its key is missing. A bundle that its key does not open holds none. */
  open(bundle: Bundle): readonly Message[] | undefined {
    const key = this.keys.keyOf(bundle);
    if (key === undefined) return undefined;
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
    return [];
  }

  #deliver(bundle: Bundle, fromSeq: number, arrival: number): boolean {
    const messages = this.open(bundle);
    if (messages === undefined) return false;
    const fresh = fromSeq > bundle.firstSeq ? messages.slice(fromSeq - bundle.firstSeq) : messages;
    if (fresh.length > 0) this.#listener?.deliver(fresh, arrival);
    return true;
  }

  #fallBehind(bundle: Bundle, fromSeq: number): void {
    const { id } = bundle.stream;
    const wakeUp = this.deadlines.set(KEY_RETRY_MS, () => this.#catchUp(id));
    const behind: BehindStream = { nextSeq: fromSeq, missingKey: undefined, requests: 0, wakeUp };
    this.#behind.set(id, behind);
    this.#askForKey(bundle, behind);
  }

  #caughtUp(stream: StreamId): void {
    this.#behind.get(stream)?.wakeUp.cancel();
    this.#behind.delete(stream);
  }

  /** Delivers a part of what the log has of the stream; the rest follows in a later turn. */
  #catchUp(stream: StreamId): void {
    const behind = this.#behind.get(stream);
    if (behind === undefined) return;
    behind.wakeUp.cancel();
    const logged = this.log.read(stream, behind.nextSeq, CATCH_UP_BYTES);
    if (logged.length === 0) return this.#caughtUp(stream);
    for (const { bundle, arrival } of logged) {
      const fromSeq = Math.max(behind.nextSeq, bundle.firstSeq);
      if (!this.#deliver(bundle, fromSeq, arrival) && !this.#givesUp(bundle, behind)) {
        behind.wakeUp = this.deadlines.set(KEY_RETRY_MS, () => this.#catchUp(stream));
        return this.#askForKey(bundle, behind);
      }
      behind.nextSeq = bundle.lastSeq + 1;
    }
    behind.wakeUp = this.deadlines.set(0, () => this.#catchUp(stream));
  }

  #askForKey(bundle: Bundle, behind: BehindStream): void {
    if (behind.missingKey !== bundle.keyId) behind.requests = 0;
    behind.missingKey = bundle.keyId;
    const holders = this.#holders(bundle);
    const holder = holders[behind.requests++ % Math.max(1, holders.length)];
    if (holder !== undefined) this.keys.request(holder, bundle.stream.topic, [bundle.keyId]);
  }

  #givesUp(bundle: Bundle, behind: BehindStream): boolean {
    if (behind.missingKey !== bundle.keyId || behind.requests < KEY_REQUESTS_MAX) return false;
    this.#listener?.gap({ stream: bundle.stream, from: behind.nextSeq, to: bundle.lastSeq, reason: 'key' });
    return true;
  }

  /** The publisher first, then whoever else may have the key. */
  #holders(bundle: Bundle): readonly NodeId[] {
    const { publisher, topic } = bundle.stream;
    const linked = new Set(this.peers.linked());
    return [publisher, ...this.peers.directory.interested(topic)].filter((id) => linked.delete(id));
  }
}
