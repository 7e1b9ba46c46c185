import { clusterTagOf, decodeBundle, encodeHeader, SIGNATURE_BYTES } from '../../src/gossip/bundles/bundle.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../src/gossip/bundles/gossip-frames.js';
import type { Stream, StreamId } from '../../src/gossip/bundles/stream.js';
import { Beginnings } from '../../src/gossip/dissemination/beginnings.js';
import { GossipCore } from '../../src/gossip/dissemination/gossip-core.js';
import type { GossipInput, GossipOutput, GossipTimer } from '../../src/gossip/dissemination/gossip-protocol.js';
import { heldBefore } from '../../src/gossip/log/held-before.js';
import type { Lane } from '../../src/peers/links/links.js';
import { LANE_BYTES_MAX } from '../../src/peers/links/link-queue.js';
import { CoreDriver } from '../../src/runtime/core-driver.js';
import { Random } from '../../src/runtime/random.js';
import type { Disk } from './disk.js';
import { UPPER_CHANNEL, type MembershipNode, type UpperLayer } from './membership-world.js';
import type { SimulatedBundle } from './memory-log.js';
import type { World } from './world.js';

type Output = Exclude<GossipOutput<SimulatedBundle>, { type: 'schedule' }>;

/** Hears where a bundle came to be, or that the publisher's own log failed. */
type Placed = (bundle: SimulatedBundle | undefined) => void;

interface OwnStream {
  readonly stream: Stream;
  nextSeq: number;
  readonly waiting: { readonly count: number; readonly placed: Placed }[];
  committing: { readonly placed: Placed; readonly sinceMs: number } | undefined;
}

/** One life of a simulated node: membership below, the gossip core above it, a log, and no keys. */
export class GossipNode implements UpperLayer {
  readonly core: GossipCore<SimulatedBundle>;
  /** When this life of the node began. */
  readonly startedMs: number;
  readonly #driver: CoreDriver<GossipInput<SimulatedBundle>, GossipTimer, Output>;
  readonly #own = new Map<string, OwnStream>();
  readonly #flush: { set(dueMs: number): void };
  #isFlushSet = false;
  /** Ids of awaits that were reached. */
  readonly reached = new Map<number, { readonly confirmed: number; readonly of: number }>();

  constructor(
    readonly world: World,
    readonly membership: MembershipNode,
    readonly disk: Disk,
  ) {
    this.startedMs = world.time.nowMs;
    const beginnings = new Beginnings({
      wallMs: () => this.wallMs,
      isLinked: (peer) => membership.isLinked(peer),
      rttMs: (peer) => membership.clocks.rttMs(peer),
      offsetMs: (peer) => membership.clocks.offsetMs(peer, membership.ownClocks),
    });
    const logWorld = {
      seqBefore: (stream: StreamId, wallMs: number) => heldBefore(this.log, stream, wallMs),
      localTimeOf: (peer: string, theirWallMs: number) => beginnings.localTimeOf(peer, theirWallMs),
    };
    const random = new Random(world.random.u32());
    this.core = new GossipCore(membership.id, membership.directory, logWorld, random);
    const { process } = membership;
    const alarm = process.alarm(() => this.#driver.wake());
    const driverWorld = { nowMs: () => world.time.nowMs, wakeAt: (dueMs: number) => alarm.set(dueMs) };
    this.#driver = new CoreDriver(this.core, driverWorld, (output: Output) => this.#carryOut(output));
    this.#flush = process.alarm(() => this.#onFlush());
    this.#driver.handle({ type: 'restored', extents: this.log.extents() });
  }

  get id(): string {
    return this.membership.id;
  }

  get log() {
    return this.disk.log;
  }

  get wallMs(): number {
    return this.world.wallMsOf(this.id);
  }

  handle(input: GossipInput<SimulatedBundle>): void {
    this.#driver.handle(input);
  }

  linkUp(peer: string): void {
    this.handle({ type: 'linkUp', peer });
  }

  linkDown(peer: string): void {
    this.handle({ type: 'linkDown', peer });
  }

  directoryChanged(): void {
    this.handle({ type: 'directoryChanged' });
  }

  frame(peer: string, bytes: Buffer): void {
    const frame = decodeGossipFrame(bytes);
    if (!frame.ok) throw new Error(`own frame refused: ${frame.reason}`);
    this.#onFrame(peer, frame.value);
  }

  /** Publishes one bundle of `count` messages; the own log has it at once. */
  publish(topic: string, count = 1): SimulatedBundle {
    const own = this.#ownStream(topic);
    const bundle = bundleOf(own.stream, own.nextSeq, own.nextSeq + count - 1);
    own.nextSeq = bundle.lastSeq + 1;
    this.log.write(bundle, this.wallMs);
    this.#published(bundle, this.world.time.nowMs);
    return bundle;
  }

  /** Publishes one bundle of `count` messages once the own log has it, behind those that wait for that. */
  submit(topic: string, count: number, placed: Placed): void {
    const own = this.#ownStream(topic);
    own.waiting.push({ count, placed });
    this.#commitNext(own);
  }

  wants(topic: string): boolean {
    return this.membership.wanted.some(({ pattern }) => pattern === topic);
  }

  #ownStream(topic: string): OwnStream {
    let own = this.#own.get(topic);
    if (own === undefined) {
      const stream = this.world.stream(topic, this.id, this.membership.epoch);
      own = { stream, nextSeq: 1, waiting: [], committing: undefined };
      this.#own.set(topic, own);
    }
    return own;
  }

  #commitNext(own: OwnStream): void {
    const next = own.committing === undefined ? own.waiting.shift() : undefined;
    if (next === undefined) return;
    own.committing = { placed: next.placed, sinceMs: this.world.time.nowMs };
    const bundle = bundleOf(own.stream, own.nextSeq, own.nextSeq + next.count - 1);
    if (this.log.append(bundle, this.wallMs, bundle.firstSeq - 1)) this.#flushLater();
    else this.#failed(own.stream.id);
  }

  #published(bundle: SimulatedBundle, sinceMs: number): void {
    this.world.witness.published(this, bundle, sinceMs);
    this.handle({ type: 'published', bundle });
  }

  #isOwn({ publisher, epoch }: Stream): boolean {
    return publisher === this.id && epoch === this.membership.epoch;
  }

  #onFrame(peer: string, frame: GossipFrame): void {
    switch (frame.type) {
      case 'data': {
        const decoded = decodeBundle(frame.bundle, CLUSTER_TAG, (...name) => this.world.stream(...name));
        if (!decoded.ok) throw new Error(`own bundle refused: ${decoded.reason}`);
        // Known ones are not even verified.
        const { stream, firstSeq, lastSeq } = decoded.value;
        this.world.witness.received(this, peer, decoded.value, this.core.isKnown(stream.id, firstSeq, lastSeq));
        const { start, isRepair } = frame;
        return this.handle({ type: 'received', peer, bundle: decoded.value, start, isRepair });
      }
      case 'record':
      case 'keyRequest':
      case 'keyGrant':
      case 'relayedKeyRequest':
      case 'relayedKeyGrant':
        return;
      default:
        return this.handle({ type: 'frame', peer, frame });
    }
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'release':
        return this.#release(output);
      case 'backfill':
        if (this.log.prepend(output.bundle, this.wallMs)) return this.#flushLater();
        return this.#failed(output.bundle.stream.id);
      case 'push': {
        const { peer, start } = output;
        this.world.witness.pushed(this, peer, output.bundle);
        return void this.#send(peer, 'data', { type: 'data', isRepair: false, start, bundle: output.bundle.bytes });
      }
      case 'send':
        return void this.#send(output.peer, output.lane, output.frame);
      case 'serve':
        return this.#serve(output);
      case 'gap':
        if (this.wants(output.gap.stream.topic)) this.world.witness.gap(this, output.gap);
        return;
      case 'extent': {
        const former = this.log.extent(output.stream.id)?.floor;
        if (this.log.setExtent(output, this.wallMs)) return this.#flushLater();
        return this.handle({ type: 'historyLost', stream: output.stream.id, floor: former! });
      }
      case 'forget':
        this.disk.forget(output.stream.id);
        return this.#flushLater();
      case 'reached':
        this.reached.set(output.id, output);
        return this.world.witness.reached(this, output.id, output.confirmed);
      case 'arrived':
      case 'roomChanged':
        return;
    }
  }

  #release({ bundle, fromSeq, floor }: Extract<Output, { type: 'release' }>): void {
    const { stream, lastSeq } = bundle;
    // What this life of the node published was logged before gossip had it.
    if (this.#isOwn(stream)) this.handle({ type: 'logged', entries: [{ stream: stream.id, lastSeq }] });
    else if (this.log.append(bundle, this.wallMs, floor)) this.#flushLater();
    else this.#failed(stream.id);
    if (this.wants(stream.topic) && fromSeq <= lastSeq) this.world.witness.delivered(this, bundle, fromSeq);
  }

  #serve({ peer, stream, after, to, bytesMax, floor }: Extract<Output, { type: 'serve' }>): void {
    let upTo = after;
    let bytes = 0;
    let isBusy = this.membership.process.bufferedBytes(peer) + bytesMax > LANE_BYTES_MAX.repair;
    for (const bundle of isBusy ? [] : this.log.read(stream.id, after, bytesMax)) {
      bytes += bundle.byteLength;
      if (bundle.firstSeq > to) break;
      this.world.witness.repaired(this, peer, bundle);
      isBusy = !this.#send(peer, 'repair', { type: 'data', isRepair: true, start: undefined, bundle: bundle.bytes });
      if (isBusy) break;
      upTo = bundle.lastSeq;
    }
    this.#send(peer, 'repair', { type: 'pulled', stream: stream.id, upTo, floor, isBusy });
    this.handle({ type: 'served', peer, stream: stream.id, upTo, bytes });
  }

  // A store commits in order; the alarm is of this life, so a crash before it loses the write.
  #flushLater(): void {
    if (this.#isFlushSet || !this.log.isDirty) return;
    this.#isFlushSet = true;
    this.#flush.set(this.world.time.nowMs + this.disk.commitMs);
  }

  #onFlush(): void {
    this.#isFlushSet = false;
    const { bundles, undone, historyLost, unsaved } = this.disk.flush();
    const entries: { stream: StreamId; lastSeq: number }[] = [];
    for (const bundle of bundles) {
      if (this.#isOwn(bundle.stream)) this.#placed(bundle.stream.topic, bundle);
      else entries.push({ stream: bundle.stream.id, lastSeq: bundle.lastSeq });
    }
    if (entries.length > 0) this.handle({ type: 'logged', entries });
    for (const stream of historyLost) {
      this.handle({ type: 'historyLost', stream, floor: this.log.extent(stream)!.floor });
    }
    for (const stream of undone) this.#failed(stream);
    for (const stream of unsaved) this.handle({ type: 'unsaved', stream });
    this.#flushLater();
  }

  /** What was to be logged of a stream was not. */
  #failed(stream: StreamId): void {
    const own = [...this.#own.values()].find((candidate) => candidate.stream.id === stream);
    if (own !== undefined) this.#placed(own.stream.topic, undefined);
    else this.handle({ type: 'unlogged', stream, frontier: this.log.extent(stream)?.frontier });
  }

  #placed(topic: string, bundle: SimulatedBundle | undefined): void {
    const own = this.#own.get(topic)!;
    const { placed, sinceMs } = own.committing!;
    own.committing = undefined;
    own.nextSeq = Math.max(own.nextSeq, (this.log.extent(own.stream.id)?.frontier ?? 0) + 1);
    if (bundle !== undefined) this.#published(bundle, sinceMs);
    placed(bundle);
    this.#commitNext(own);
  }

  #send(peer: string, lane: Lane, frame: GossipFrame): boolean {
    return this.membership.process.send(peer, Buffer.concat([CHANNEL, encodeGossipFrame(frame)]), lane);
  }
}

const CLUSTER_TAG = clusterTagOf('simulated');
const CHANNEL = Buffer.from([UPPER_CHANNEL]);
const KEY_ID = Buffer.alloc(16).toString('base64url');

function bundleOf(stream: Stream, firstSeq: number, lastSeq: number): SimulatedBundle {
  const content = 32;
  const fields = { stream, firstSeq, lastSeq, keyId: KEY_ID, counter: firstSeq, timeMs: 0, ttlMs: undefined };
  const header = encodeHeader(fields, CLUSTER_TAG, content);
  const bytes = Buffer.concat([header, Buffer.alloc(content + SIGNATURE_BYTES)]);
  return { stream, firstSeq, lastSeq, byteLength: bytes.length, bytes };
}
