import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { GossipListener } from '../gossip/delivery/gossip-listener.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { Gap, Message } from '../gossip/bundles/message.js';
import { Deadlines } from '../runtime/deadlines.service.js';
import { PeersService } from '../peers/peers.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { PatternTree } from '../topics/pattern-tree.js';
import { Feed, type FeedOptions } from './feed.js';
import type { Has } from './repeat-filter.js';
import { RepeatsService } from './repeats.service.js';
import type { StartingPoint } from './starting-point.js';
import { Subscriber, type Sink } from './subscriber.js';

/** What may wait for a client before it is cut, and for a handler before it reads on from the log. */
const OUTBOX_MESSAGES_MAX = 16_384;
const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;

/** Subscribers are given what is ready for so long before others have their turn. */
const FLUSH_MS = 8;

/** Whether the keys and messages that subscribers wait for have come is looked at so often. */
const KEYS_PERIOD_MS = 100;

/** Topics whose subscribers are remembered. */
const ROUTES_MAX = 10_000;

/** Brings what gossip delivers to the subscribers whose patterns match, each turn of the event loop together. */
@Injectable()
export class SubscribersService implements GossipListener {
  readonly #patterns = new PatternTree<Subscriber>();
  readonly #routes = new Map<string, ReadonlySet<Subscriber>>();
  /** Those that wait for keys, or for the log. */
  #locked = new Set<Subscriber>();
  #ready = new Set<Subscriber>();
  #isFlushSet = false;

  constructor(
    private readonly gossip: GossipService,
    private readonly peers: PeersService,
    private readonly repeats: RepeatsService,
    private readonly clock: SystemClock,
    private readonly deadlines: Deadlines,
    private readonly logger: NodeLogger,
  ) {
    gossip.attach(this);
  }

  /** Pairs of a subscriber and one of its patterns. */
  get size(): number {
    return this.#patterns.size;
  }

  open(sink: Sink, whenFull: FeedOptions['whenFull']): Subscriber {
    const feed = new Feed(this.gossip, {
      messagesMax: OUTBOX_MESSAGES_MAX,
      bytesMax: OUTBOX_BYTES_MAX,
      whenFull,
      isUnwanted: (message, has) => this.isUnwanted(message, has),
      passed: (stream, seq) => sink.passed?.(stream, seq),
    });
    return new Subscriber(feed, sink, (subscriber) => this.#flushSoon(subscriber));
  }

  /** False when something after the starting point is lost. From here on live messages reach the subscriber. */
  async start(subscriber: Subscriber, pattern: string, point: StartingPoint): Promise<boolean> {
    this.#patterns.add(pattern, subscriber);
    this.#routes.clear();
    const starting = subscriber.start(pattern, point, this.clock.wallMs());
    for (;;) {
      const step = starting.next();
      if (step.done === true) return step.value;
      await nextTurn();
      if (subscriber.isClosed) return false;
    }
  }

  stop(subscriber: Subscriber, pattern: string): void {
    this.#patterns.delete(pattern, subscriber);
    this.#routes.clear();
    subscriber.stop(pattern);
  }

  /** Expired, or a repeat of a message that the reader has. */
  isUnwanted(message: Message, has: Has): boolean {
    return this.#isExpired(message) || this.repeats.isRepeat(message, has);
  }

  #isExpired({ stream, ttlMs, publishedAtMs }: Message): boolean {
    if (ttlMs === undefined) return false;
    return this.peers.localTimeOf(stream.publisher, publishedAtMs) + ttlMs <= this.clock.wallMs();
  }

  deliver(messages: readonly Message[]): void {
    const topic = messages[0]?.stream.topic;
    if (topic === undefined) return;
    this.repeats.live(messages, (message) => this.#isExpired(message));
    const subscribers = this.#subscribersOf(topic);
    if (subscribers.size === 0) return;
    let bytes = 0;
    for (const { payload } of messages) bytes += payload.length;
    for (const subscriber of subscribers) subscriber.offer(messages, bytes);
  }

  gap(gap: Gap): void {
    for (const subscriber of this.#subscribersOf(gap.stream.topic)) subscriber.offerGap(gap);
  }

  #subscribersOf(topic: string): ReadonlySet<Subscriber> {
    let subscribers = this.#routes.get(topic);
    if (subscribers === undefined) {
      if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
      subscribers = this.#patterns.match(topic);
      this.#routes.set(topic, subscribers);
    }
    return subscribers;
  }

  #flushSoon(subscriber: Subscriber): void {
    this.#ready.add(subscriber);
    if (this.#isFlushSet) return;
    this.#isFlushSet = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushSet = false;
    const ready = this.#ready;
    this.#ready = new Set();
    const untilMs = this.clock.monotonicMs() + FLUSH_MS;
    for (const subscriber of ready) {
      if (this.clock.monotonicMs() >= untilMs) {
        this.#flushSoon(subscriber);
        continue;
      }
      try {
        if (subscriber.flush()) this.#flushSoon(subscriber);
        if (subscriber.isLocked) this.#unlockLater(subscriber);
      } catch (error) {
        // One that cannot be given its messages must not keep the others from theirs.
        this.logger.error('subscriber.failed', { error });
        subscriber.cut();
      }
    }
  }

  #unlockLater(subscriber: Subscriber): void {
    this.#locked.add(subscriber);
    if (this.#locked.size > 1) return;
    this.deadlines.set(KEYS_PERIOD_MS, () => {
      const locked = this.#locked;
      this.#locked = new Set();
      for (const each of locked) each.unlock();
    });
  }
}
