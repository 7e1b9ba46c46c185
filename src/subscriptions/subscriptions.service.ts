import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GossipService } from '../gossip/gossip.service.js';
import type { KnownCount } from '../peers/peers-listener.js';
import { Deadlines } from '../runtime/deadlines.service.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { topicProblem } from '../topics/topic.js';
import type { ClientSubscriber } from './client-subscriber.js';
import { InterestService } from './interest.service.js';
import type { Wanter } from './interest-union.js';
import { readPage, type ArrivalLog, type MessagePage, type PageRequest } from './message-page.js';
import { NodeSubscriptions } from './node-subscriptions.service.js';
import { OpenSubscriber, readRequest } from './open-subscriber.js';
import { RepeatsService } from './repeats.service.js';
import { readStartingPoint, sinceMsOf, type After, type StartingPoint } from './starting-point.js';
import type { Sink } from './subscriber.js';
import { SubscribersService } from './subscribers.service.js';

/** Subscriptions of all clients and handlers together. */
const SUBSCRIPTIONS_MAX = 262_144;

/** Pages that are read at a time; further requests are refused. */
const PAGES_READ_MAX = 64;

/** A page that goes on elsewhere waits so long for the repeats to be known, and so many of them at a time. */
const PAGE_LEARN_MS = 1_000;
const PAGES_WAITING_MAX = 1_024;

/** A page that would begin with what cannot be opened yet waits so long for the key, which is looked for again so often. */
const KEY_WAIT_MS = 1_000;
const KEY_POLL_MS = 25;

/** A page is read for so long before others have their turn. */
const PAGE_SLICE_MS = 8;

/** The answer to a node's own subscribe and unsubscribe. */
export interface NodeSubscription {
  /** False when the node had the subscription already (or, for unsubscribe, had none). */
  readonly isChange: boolean;
  readonly topic: string;
  /** The node's own topics and patterns, sorted; not its clients'. */
  readonly subscriptions: readonly string[];
  /** Who knows of the change. */
  readonly known: KnownCount;
}

/** Who is subscribed to what: the node itself, its clients and its handlers; and what each of them still has to get. */
@Injectable()
export class SubscriptionsService {
  readonly #open = new Map<Wanter, Set<OpenSubscriber>>([
    ['client', new Set()],
    ['handler', new Set()],
  ]);
  readonly #pulls = new Set<Promise<void>>();
  #pagesRead = 0;
  #pagesWaiting = 0;
  #isClosed = false;

  constructor(
    private readonly gossip: GossipService,
    private readonly interest: InterestService,
    private readonly own: NodeSubscriptions,
    private readonly subscribers: SubscribersService,
    private readonly repeats: RepeatsService,
    private readonly clock: SystemClock,
    private readonly deadlines: Deadlines,
  ) {}

  /** The node's own topics and patterns, sorted. */
  get subscriptions(): readonly string[] {
    return this.own.patterns;
  }

  /** Connected clients. */
  get clients(): number {
    return this.#open.get('client')!.size;
  }

  /**
   * Subscribes the node itself, until it unsubscribes, over restarts. Waits up to `timeoutMs` for all live nodes to know and,
   * with `after`, for the history they hold. GrapevineError `invalid-pattern`, `invalid-cursor`, `may-not-read`, `too-many-subscriptions` or `draining`.
   */
  async subscribe(
    pattern: string,
    options: { after?: After | undefined; timeoutMs: number },
  ): Promise<NodeSubscription> {
    const point = readRequest(pattern, options.after);
    this.#assertOpen();
    this.gossip.assertReadable(pattern);
    const isChange = await this.own.add(pattern, sinceMsOf(point, this.clock.wallMs()));
    const known = this.gossip.waitUntilKnown(options.timeoutMs);
    if (point.from !== 'now') await this.#pullHistory(true, options.timeoutMs);
    return { isChange, topic: pattern, subscriptions: this.own.patterns, known: await known };
  }

  /** Ends the node's own subscription; its clients keep theirs. */
  async unsubscribe(pattern: string, options: { timeoutMs: number }): Promise<NodeSubscription> {
    readRequest(pattern, undefined);
    this.#assertOpen();
    const isChange = await this.own.remove(pattern);
    const known = await this.gossip.waitUntilKnown(options.timeoutMs);
    return { isChange, topic: pattern, subscriptions: this.own.patterns, known };
  }

  /** A new client without any topic; its sink is asked nothing before the first `subscribe`. Cut when it reads too slowly. */
  openClient(sink: Sink): ClientSubscriber {
    return this.#openFor('client', sink);
  }

  /** The same for a handler in this process, which reads on from the log when it is slow. */
  openHandler(sink: Sink): OpenSubscriber {
    return this.#openFor('handler', sink);
  }

  /**
   * What this node has of a topic, after a cursor, repeats and expired messages left out; what cannot be opened is told as a gap. GrapevineError `no-interest` unless the node or
   * a client of it is subscribed to the topic, `invalid-topic`, `invalid-cursor`, `too-many-requests`.
   */
  async page(topic: string, options: { after?: After | undefined; limit: number }): Promise<MessagePage> {
    const problem = topicProblem(topic);
    if (problem !== undefined) throw new GrapevineError('invalid-topic', problem);
    const point = readStartingPoint(options.after);
    if (!point.ok) throw new GrapevineError('invalid-cursor', `after: ${point.reason}`);
    this.gossip.assertReadable(topic);
    if (!this.interest.isWanted(topic)) {
      throw new GrapevineError('no-interest', 'neither this node nor a client of it is subscribed to the topic');
    }
    if (point.value.from === 'cursor') await this.#learnForPage(topic);
    if (this.#pagesRead >= PAGES_READ_MAX) {
      throw new GrapevineError('too-many-requests', `a node reads ${PAGES_READ_MAX} pages at a time`);
    }
    this.#pagesRead++;
    try {
      return await this.#read(topic, point.value, options.limit);
    } finally {
      this.#pagesRead--;
    }
  }

  /** Pages that wait for this take no place of those that are read. */
  async #learnForPage(topic: string): Promise<void> {
    if (this.#pagesWaiting >= PAGES_WAITING_MAX) {
      throw new GrapevineError('too-many-requests', `${PAGES_WAITING_MAX} pages wait already`);
    }
    const impatientMs = this.clock.monotonicMs() + PAGE_LEARN_MS;
    const isWanted = (): boolean => !this.#isClosed && this.clock.monotonicMs() < impatientMs;
    this.#pagesWaiting++;
    try {
      await this.repeats.learn(topic, { timeoutMs: PAGE_LEARN_MS, isWanted });
    } finally {
      this.#pagesWaiting--;
    }
  }

  /** Takes nothing new, and ends what there is without telling: whoever owns it has been told before. */
  close(): void {
    this.#isClosed = true;
    for (const subscribers of this.#open.values()) for (const subscriber of subscribers) subscriber.close();
  }

  #openFor(by: 'client' | 'handler', sink: Sink): OpenSubscriber {
    const open = this.#open.get(by)!;
    const closing: Sink = {
      deliver: (messages) => sink.deliver(messages),
      gap: (gap) => sink.gap(gap),
      passed: (stream, seq) => sink.passed?.(stream, seq),
      cut: () => {
        subscriber.close();
        sink.cut();
      },
    };
    const subscriber = new OpenSubscriber(this.subscribers.open(closing, by === 'client' ? 'cut' : 'reread'), {
      assertOpen: () => this.#assertOpen(),
      want: (pattern, point) => this.#want(pattern, by, point),
      unwant: (pattern) => this.#unwant(pattern, by),
      pullHistory: (isMore, timeoutMs) => this.#pullHistory(isMore, timeoutMs),
      learnRepeats: (pattern, timeoutMs, isWanted) => this.repeats.learn(pattern, { timeoutMs, isWanted }),
      start: (reader, pattern, point) => this.subscribers.start(reader, pattern, point),
      stop: (reader, pattern) => this.subscribers.stop(reader, pattern),
      closed: () => open.delete(subscriber),
    });
    open.add(subscriber);
    return subscriber;
  }

  async #read(topic: string, point: StartingPoint, limit: number): Promise<MessagePage> {
    const log: ArrivalLog = {
      store: this.gossip.storeId,
      read: (fromArrival) => this.gossip.readTopic(topic, Math.max(0, fromArrival - 1)),
      passOld: (fromArrival, isOld) =>
        this.gossip.passOver(topic, Math.max(0, fromArrival - 1), ({ stream, lastSeq }) => isOld(stream.id, lastSeq)),
      arrivalOf: (stream, seq) => this.gossip.arrivalOf(stream, seq),
      startOf: (stream, sinceMs) => this.gossip.seqBefore(stream, sinceMs),
    };
    const isUnwanted: PageRequest['isUnwanted'] = (message, has) => this.subscribers.isUnwanted(message, has);
    const impatientMs = this.clock.monotonicMs() + KEY_WAIT_MS;
    const isPatient = (): boolean => !this.#isClosed && this.clock.monotonicMs() < impatientMs;
    const reading = readPage(log, { point, limit, isUnwanted, isPatient });
    for (let untilMs = this.clock.monotonicMs() + PAGE_SLICE_MS; ;) {
      const step = reading.next();
      if (step.done === true) return step.value;
      if (step.value === 'key') await new Promise<void>((resolve) => this.deadlines.set(KEY_POLL_MS, resolve));
      else if (this.clock.monotonicMs() < untilMs) continue;
      else await nextTurn();
      untilMs = this.clock.monotonicMs() + PAGE_SLICE_MS;
    }
  }

  #want(pattern: string, by: Wanter, point: StartingPoint): boolean {
    this.gossip.assertReadable(pattern);
    return this.interest.add(pattern, by, sinceMsOf(point, this.clock.wallMs()));
  }

  /** What the node has wanted for so long already is here, unless it is still on its way for somebody else. */
  async #pullHistory(isMore: boolean, timeoutMs: number): Promise<void> {
    if (!isMore) return void (await Promise.all(this.#pulls));
    const pull = this.gossip.pullHistory(timeoutMs);
    this.#pulls.add(pull);
    try {
      await pull;
    } finally {
      this.#pulls.delete(pull);
    }
  }

  /** At the end of the node's life its interest stays as it is: nobody should drop anything for that. */
  #unwant(pattern: string, by: Wanter): void {
    if (!this.#isClosed) this.interest.remove(pattern, by);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new GrapevineError('draining', 'the node is shutting down');
    if (this.subscribers.size >= SUBSCRIPTIONS_MAX) {
      throw new GrapevineError('too-many-subscriptions', `a node has at most ${SUBSCRIPTIONS_MAX} of its clients`);
    }
  }
}
