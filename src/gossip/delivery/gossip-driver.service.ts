import { Injectable } from '@nestjs/common';
import type { NodeId } from '../../peers/node-id.js';
import { LANE_BYTES_MAX } from '../../peers/links/link-queue.js';
import { PeersService } from '../../peers/peers.service.js';
import { Alarms } from '../../runtime/alarms.service.js';
import { CoreDriver } from '../../runtime/core-driver.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { Random } from '../../runtime/random.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import type { Confirmation } from '../dissemination/acknowledgements.js';
import { BundleLog } from '../log/bundle-log.service.js';
import { heldBefore } from '../log/held-before.js';
import type { Bundle } from '../bundles/bundle.js';
import { DeliveryService } from './delivery.service.js';
import { Beginnings } from '../dissemination/beginnings.js';
import { GossipCore } from '../dissemination/gossip-core.js';
import { encodeDataHead, encodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import { sinceVersion } from '../bundles/gossip-frames.js';
import type { GossipInput, GossipOutput, GossipTimer } from '../dissemination/gossip-protocol.js';
import { PublishersService } from '../keys/publishers.service.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { TopicKeysService } from '../keys/topic-keys.service.js';

/** What the core tells about own streams; declared here, implemented by the publishing side. */
export interface OwnStreamsListener {
  arrived(stream: StreamId, seq: number): void;
  reached(id: number, confirmation: Confirmation): void;
  roomChanged(hasRoom: boolean): void;
}

type Output = Exclude<GossipOutput<Bundle>, { type: 'schedule' }>;
type Release = Extract<Output, { type: 'release' }>;
type Serve = Extract<Output, { type: 'serve' }>;

/** Bundles sent and received, for metrics; `duplicate` ones were known already. */
export interface GossipCounters {
  publishedMessages: number;
  pushedBundles: number;
  pushedMessages: number;
  repairedBundles: number;
  repairedMessages: number;
  gaps: number;
  logFailures: number;
}

/** Runs the gossip core: feeds it, keeps its timers, and carries out what it wants of links, log and delivery. */
@Injectable()
export class GossipDriver {
  readonly counters: GossipCounters = {
    publishedMessages: 0,
    pushedBundles: 0,
    pushedMessages: 0,
    repairedBundles: 0,
    repairedMessages: 0,
    gaps: 0,
    logFailures: 0,
  };
  #core: GossipCore<Bundle> | undefined;
  #driver: CoreDriver<GossipInput<Bundle>, GossipTimer, Output> | undefined;
  #ownStreams: OwnStreamsListener | undefined;
  #logged: { stream: StreamId; lastSeq: number }[] = [];
  /** Publishers whose records went over the link to a peer. */
  readonly #recordsSent = new Map<NodeId, Set<NodeId>>();

  constructor(
    private readonly peers: PeersService,
    private readonly log: BundleLog,
    private readonly keys: TopicKeysService,
    private readonly publishers: PublishersService,
    private readonly delivery: DeliveryService,
    private readonly clock: SystemClock,
    private readonly random: Random,
    private readonly alarms: Alarms,
    private readonly logger: NodeLogger,
  ) {}

  attach(listener: OwnStreamsListener): void {
    this.#ownStreams = listener;
  }

  /** Builds the core on what the log holds; nothing may come in before. */
  start(): void {
    const { peers } = this;
    const beginnings = new Beginnings({
      wallMs: () => this.clock.wallMs(),
      isLinked: (peer) => peers.versionOf(peer) !== undefined,
      rttMs: (peer) => peers.rttMs(peer),
      offsetMs: (peer) => peers.clockOffsetMs(peer),
    });
    const world = {
      seqBefore: (stream: StreamId, wallMs: number) => heldBefore(this.log, stream, wallMs),
      localTimeOf: (peer: NodeId, theirWallMs: number) => beginnings.localTimeOf(peer, theirWallMs),
    };
    this.#core = new GossipCore<Bundle>(this.peers.self, this.peers.directory, world, this.random);
    const alarm = this.alarms.create('gossip.core', () => this.#driver?.wake());
    const nowMs = (): number => this.clock.monotonicMs();
    this.#driver = new CoreDriver<GossipInput<Bundle>, GossipTimer, Output>(
      this.#core,
      { nowMs, wakeAt: (dueMs) => alarm.set(dueMs) },
      (output) => this.#carryOut(output),
    );
    this.handle({ type: 'restored', extents: [...this.log.extents()] });
    this.log.attach({
      floorMoved: (stream, floor) => this.handle({ type: 'floorMoved', stream, floor }),
      historyLost: (stream, floor) => this.handle({ type: 'historyLost', stream, floor }),
    });
  }

  handle(input: GossipInput<Bundle>): void {
    if (input.type === 'linkDown') this.#recordsSent.delete(input.peer);
    if (input.type === 'published') this.counters.publishedMessages += messagesIn(input.bundle);
    this.#driver?.handle(input);
  }

  /** Whether nothing of a bundle is new; asked before its signature is looked at. */
  isKnown(stream: StreamId, firstSeq: number, lastSeq: number): boolean {
    return this.#core?.isKnown(stream, firstSeq, lastSeq) ?? true;
  }

  /** Whether a message was delivered that the log refused, and is to be fetched once more. */
  isUnlogged(stream: StreamId, seq: number): boolean {
    return this.#core?.isUnlogged(stream, seq) ?? false;
  }

  /** How many nodes have confirmed a message of an own stream. */
  confirmationOf(stream: StreamId, seq: number): Confirmation {
    return this.#core?.confirmationOf(stream, seq) ?? { confirmed: 0, of: 0 };
  }

  get isMissingAnything(): boolean {
    return this.#core?.isMissingAnything ?? false;
  }

  get isUnconfirmed(): boolean {
    return this.#core?.isUnconfirmed ?? false;
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'release':
        return this.#release(output);
      case 'backfill':
        this.delivery.backfilled(output.bundle);
        return this.#committed(output.bundle, this.log.prepend(output.bundle));
      case 'push':
        return this.#push(output.peer, output.bundle, output.start);
      case 'send':
        if (sinceVersion(output.frame.type) > (this.peers.versionOf(output.peer) ?? 0)) return;
        this.peers.send(output.peer, output.lane, encodeGossipFrame(output.frame));
        return;
      case 'serve':
        return this.#serve(output);
      case 'gap':
        this.counters.gaps++;
        return this.delivery.gap(output.gap);
      case 'extent':
        this.log
          .setExtent(output.stream, output.floor, output.frontier, output.openFrom)
          .catch((error: unknown) => this.#unsaved(output.stream, error));
        return;
      case 'forget':
        this.log.forget(output.stream.id).catch((error: unknown) => this.#unsaved(output.stream, error));
        return;
      case 'reached':
        return this.#ownStreams?.reached(output.id, output);
      case 'arrived':
        return this.#ownStreams?.arrived(output.stream, output.seq);
      case 'roomChanged':
        return this.#ownStreams?.roomChanged(output.hasRoom);
    }
  }

  #release({ bundle, fromSeq, floor }: Release): void {
    const { id, publisher, epoch } = bundle.stream;
    // What this life of the node published was logged and delivered before gossip had it.
    if (publisher === this.peers.self && epoch === this.peers.epoch) {
      return this.handle({ type: 'logged', entries: [{ stream: id, lastSeq: bundle.lastSeq }] });
    }
    this.publishers.keep(publisher);
    const { arrival, committed } = this.log.append(bundle, floor);
    this.#committed(bundle, committed);
    this.delivery.released(bundle, fromSeq, arrival);
  }

  /** A bundle that could not be logged is not acknowledged; repair brings it again. */
  #committed(bundle: Bundle, committed: Promise<void>): void {
    const stream = bundle.stream.id;
    committed.then(
      () => this.#reportLogged(stream, bundle.lastSeq),
      (error: unknown) => {
        this.#logFailed(error);
        this.handle({ type: 'unlogged', stream, frontier: this.log.extent(stream)?.frontier });
      },
    );
  }

  #unsaved(stream: Stream, cause: unknown): void {
    this.#logFailed(cause);
    this.handle({ type: 'unsaved', stream });
  }

  #logFailed(cause: unknown): void {
    this.counters.logFailures++;
    this.logger.error('log.failed', { cause });
  }

  #push(peer: NodeId, bundle: Bundle, start: number | undefined): void {
    this.keys.offer(peer, bundle.stream.topic, bundle.keyId);
    const head = encodeDataHead({ isRepair: false, start });
    if (!this.peers.send(peer, 'data', head, bundle.bytes)) return;
    this.counters.pushedBundles++;
    this.counters.pushedMessages += messagesIn(bundle);
  }

  #serve({ peer, stream, after, to, bytesMax, floor }: Serve): void {
    this.#introduce(peer, stream.publisher);
    let upTo = after;
    // What would find no room is not even read.
    let isBusy = this.peers.bufferedBytes(peer) + bytesMax > LANE_BYTES_MAX.repair;
    const logged = isBusy ? [] : this.log.read(stream.id, after + 1, bytesMax);
    for (const { bundle } of logged) {
      if (bundle.firstSeq > to) break;
      const head = encodeDataHead({ isRepair: true, start: undefined });
      isBusy = !this.peers.send(peer, 'repair', head, bundle.bytes);
      if (isBusy) break;
      upTo = bundle.lastSeq;
      this.counters.repairedBundles++;
      this.counters.repairedMessages += messagesIn(bundle);
    }
    this.peers.send(peer, 'repair', encodeGossipFrame({ type: 'pulled', stream: stream.id, upTo, floor, isBusy }));
    const bytes = logged.reduce((sum, { bundle }) => sum + bundle.byteLength, 0);
    this.handle({ type: 'served', peer, stream: stream.id, upTo, bytes });
  }

  /** The peer may have come after the publisher went: its record goes ahead of its bundles, once a link. */
  #introduce(peer: NodeId, publisher: NodeId): void {
    const sent = this.#recordsSent.get(peer) ?? new Set();
    this.#recordsSent.set(peer, sent);
    if (publisher === peer || publisher === this.peers.self || sent.has(publisher)) return;
    const jws = this.publishers.recordJwsOf(publisher);
    if (jws === undefined) return;
    if (this.peers.send(peer, 'repair', encodeGossipFrame({ type: 'record', jws }))) sent.add(publisher);
  }

  /** Tells the core what is logged once a turn; it acknowledges it to the peers. */
  #reportLogged(stream: StreamId, lastSeq: number): void {
    this.#logged.push({ stream, lastSeq });
    if (this.#logged.length > 1) return;
    queueMicrotask(() => {
      const entries = this.#logged;
      this.#logged = [];
      this.handle({ type: 'logged', entries });
    });
  }
}

function messagesIn(bundle: Bundle): number {
  return bundle.lastSeq - bundle.firstSeq + 1;
}
