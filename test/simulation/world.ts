import { clusterTagOf, decodeBundle, encodeHeader, SIGNATURE_BYTES } from '../../src/gossip/bundles/bundle.js';
import { GossipCore } from '../../src/gossip/dissemination/gossip-core.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../src/gossip/bundles/gossip-frames.js';
import type { GossipInput, GossipOutput, GossipTimer } from '../../src/gossip/dissemination/gossip-protocol.js';
import type { Gap } from '../../src/gossip/bundles/message.js';
import { streamOf, type Stream, type StreamId } from '../../src/gossip/bundles/stream.js';
import { PROFILES } from '../../src/peers/membership/profile.js';
import { CoreDriver } from '../../src/runtime/core-driver.js';
import { Random } from '../../src/runtime/random.js';
import { MembershipWorld, UPPER_CHANNEL, type MembershipNode, type UpperLayer } from './membership-world.js';
import { MemoryLog, type SimulatedBundle } from './memory-log.js';
import { LOCAL_NETWORK, type NetworkOptions } from './network.js';

type Output = Exclude<GossipOutput<SimulatedBundle>, { type: 'schedule' }>;

/** Where a world tells what happens; the checkers listen. */
export interface Witness {
  published(node: GossipNode, bundle: SimulatedBundle): void;
  /** Messages `fromSeq` to the bundle's last were delivered to subscribers of the node. */
  delivered(node: GossipNode, bundle: SimulatedBundle, fromSeq: number): void;
  gap(node: GossipNode, gap: Gap): void;
  pushed(node: GossipNode, peer: string, bundle: SimulatedBundle): void;
  repaired(node: GossipNode, peer: string, bundle: SimulatedBundle): void;
  /** The node was told that so many logs hold the message of await `id`. */
  reached(node: GossipNode, id: number, confirmed: number): void;
}

/** One life of a simulated node: membership below, the gossip core above it, a log, and no keys. */
export class GossipNode implements UpperLayer {
  readonly core: GossipCore<SimulatedBundle>;
  readonly #driver: CoreDriver<GossipInput<SimulatedBundle>, GossipTimer, Output>;
  readonly #lastSeqs = new Map<string, number>();
  /** Ids of awaits that were reached. */
  readonly reached = new Map<number, { readonly confirmed: number; readonly of: number }>();

  constructor(
    readonly world: World,
    readonly membership: MembershipNode,
    readonly log: MemoryLog,
  ) {
    const logWorld = {
      seqBefore: (stream: StreamId, wallMs: number) => this.log.seqBefore(stream, wallMs),
      localTimeOf: (_peer: string, theirWallMs: number) => theirWallMs,
    };
    const random = new Random(world.random.u32());
    this.core = new GossipCore(membership.id, membership.directory, logWorld, random);
    const alarm = membership.process.alarm(() => this.#driver.wake());
    const driverWorld = { nowMs: () => world.time.nowMs, wakeAt: (dueMs: number) => alarm.set(dueMs) };
    this.#driver = new CoreDriver(this.core, driverWorld, (output: Output) => this.#carryOut(output));
    this.#driver.handle({ type: 'restored', extents: log.extents() });
  }

  get id(): string {
    return this.membership.id;
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

  /** Publishes one bundle of `count` messages. */
  publish(topic: string, count = 1): SimulatedBundle {
    const firstSeq = (this.#lastSeqs.get(topic) ?? 0) + 1;
    const lastSeq = firstSeq + count - 1;
    this.#lastSeqs.set(topic, lastSeq);
    const bundle = bundleOf(this.world.stream(topic, this.id, this.membership.epoch), firstSeq, lastSeq);
    this.world.witness.published(this, bundle);
    this.handle({ type: 'published', bundle });
    return bundle;
  }

  wants(topic: string): boolean {
    return this.membership.directory.interestSince(this.id, topic) !== undefined;
  }

  #onFrame(peer: string, frame: GossipFrame): void {
    switch (frame.type) {
      case 'data': {
        const decoded = decodeBundle(frame.bundle, CLUSTER_TAG, (...name) => this.world.stream(...name));
        if (!decoded.ok) throw new Error(`own bundle refused: ${decoded.reason}`);
        const { start, isRepair } = frame;
        return this.handle({ type: 'received', peer, bundle: decoded.value, start, isRepair });
      }
      case 'record':
      case 'keyRequest':
      case 'keyGrant':
        return;
      default:
        return this.handle({ type: 'frame', peer, frame });
    }
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'release': {
        const commit = this.log.append(output.bundle, this.world.wallMs);
        this.#commitLater(output.bundle, commit);
        if (this.wants(output.bundle.stream.topic) && output.fromSeq <= output.bundle.lastSeq) {
          this.world.witness.delivered(this, output.bundle, output.fromSeq);
        }
        return;
      }
      case 'backfill':
        return this.log.prepend(output.bundle, this.world.wallMs);
      case 'push': {
        const { peer, start } = output;
        this.world.witness.pushed(this, peer, output.bundle);
        return this.#send(peer, { type: 'data', isRepair: false, start, bundle: output.bundle.bytes });
      }
      case 'send':
        return this.#send(output.peer, output.frame);
      case 'serve':
        return this.#serve(output);
      case 'gap':
        return this.world.witness.gap(this, output.gap);
      case 'extent':
        return this.log.setExtent(output.stream, output.floor, output.frontier);
      case 'forget':
        return this.log.forget(output.stream.id);
      case 'reached':
        this.reached.set(output.id, output);
        return this.world.witness.reached(this, output.id, output.confirmed);
      case 'arrived':
      case 'roomChanged':
        return;
    }
  }

  #serve({ peer, stream, after, to, bytesMax, floor }: Extract<Output, { type: 'serve' }>): void {
    let upTo = after;
    let bytes = 0;
    for (const bundle of this.log.read(stream.id, after, bytesMax)) {
      bytes += bundle.byteLength;
      if (bundle.firstSeq > to) break;
      this.world.witness.repaired(this, peer, bundle);
      this.#send(peer, { type: 'data', isRepair: true, start: undefined, bundle: bundle.bytes });
      upTo = bundle.lastSeq;
    }
    this.#send(peer, { type: 'pulled', stream: stream.id, upTo, floor, isBusy: false });
    this.handle({ type: 'served', peer, stream: stream.id, upTo, bytes });
  }

  // A store commits in order; the alarm is of this life, so a crash before it loses the write.
  #commitLater(bundle: SimulatedBundle, commit: () => void): void {
    const alarm = this.membership.process.alarm(() => {
      commit();
      this.handle({ type: 'logged', entries: [{ stream: bundle.stream.id, lastSeq: bundle.lastSeq }] });
    });
    alarm.set(this.world.time.nowMs + this.world.commitMs);
  }

  #send(peer: string, frame: GossipFrame): void {
    this.membership.process.send(peer, Buffer.concat([CHANNEL, encodeGossipFrame(frame)]));
  }
}

/** A simulated cluster that gossips. The seed decides everything that is left to chance. */
export class World {
  #members: MembershipWorld | undefined;
  readonly commitMs = 2;
  readonly #nodes = new Map<string, GossipNode>();
  readonly #disks = new Map<string, MemoryLog>();
  readonly #streams = new Map<string, Stream>();

  constructor(
    size: number,
    seed: number,
    readonly witness: Witness,
    options: NetworkOptions = LOCAL_NETWORK,
  ) {
    this.#members = new MembershipWorld(size, seed, PROFILES.local, options, (node, members) => {
      this.#members = members;
      return this.#enter(node);
    });
  }

  get members(): MembershipWorld {
    return this.#members!;
  }

  get time() {
    return this.members.time;
  }

  get random() {
    return this.members.random;
  }

  get network() {
    return this.members.network;
  }

  get ids(): readonly string[] {
    return this.members.ids;
  }

  /** All nodes' wall clock. */
  get wallMs(): number {
    return 1 + Math.floor(this.time.nowMs);
  }

  node(id: string): GossipNode {
    return this.#nodes.get(id)!;
  }

  at(index: number): GossipNode {
    return this.node(this.ids[index]!);
  }

  running(): readonly GossipNode[] {
    return [...this.#nodes.values()].filter((node) => node.membership.process.isRunning);
  }

  /** How many disks hold a message for good, also those of nodes that are down. */
  copiesOf(stream: StreamId, seq: number): number {
    return [...this.#disks.values()].filter((disk) => disk.isDurable(stream, seq)).length;
  }

  /** kill -9; what was not committed is lost. */
  crash(id: string): void {
    this.network.crash(id);
    this.#disks.get(id)?.crash();
  }

  /** Starts a node that crashed, on its disk, or on an empty one. */
  restart(id: string, how: { readonly isEmpty?: boolean } = {}): GossipNode {
    if (how.isEmpty === true) this.#disks.delete(id);
    this.members.start(id);
    return this.node(id);
  }

  /** Streams are looked up often; hashing their names each time would be most of the work. */
  stream(topic: string, publisher: string, epoch: number): Stream {
    const name = `${topic} ${publisher} ${epoch}`;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = streamOf(topic, publisher, epoch);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #enter(membership: MembershipNode): UpperLayer {
    const disk = this.#disks.get(membership.id) ?? new MemoryLog();
    this.#disks.set(membership.id, disk);
    const node = new GossipNode(this, membership, disk);
    this.#nodes.set(membership.id, node);
    return node;
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
