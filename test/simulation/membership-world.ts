import type { NodeRecord } from '../../src/crypto/node-record.js';
import { Directory } from '../../src/peers/membership/directory.js';
import type { InterestEntry } from '../../src/peers/interest/interest.js';
import { decodeSegment, encodeSegmentBody, signedSegment } from '../../src/peers/interest/interest-segment.js';
import { MembershipCore } from '../../src/peers/membership/membership.js';
import type {
  MembershipInput,
  MembershipOutput,
  MembershipTimer,
} from '../../src/peers/membership/membership-ports.js';
import { nodeIdFrom } from '../../src/peers/node-id.js';
import {
  OwnInterestCore,
  type OwnInterestInput,
  type OwnInterestOutput,
} from '../../src/peers/interest/own-interest.js';
import { decodePeerFrame, encodePeerFrame } from '../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../src/peers/membership/peer-frames.js';
import { PeerClocks, type OwnClocks } from '../../src/peers/membership/peer-clocks.js';
import { PROFILES, type Profile } from '../../src/peers/membership/profile.js';
import { CoreDriver } from '../../src/runtime/core-driver.js';
import { Random } from '../../src/runtime/random.js';
import { LOCAL_NETWORK, SimulatedNetwork, type NetworkOptions, type SimulatedProcess } from './network.js';
import { VirtualTime } from './virtual-time.js';

/** The signature of every simulated statement; only the real driver verifies. */
export const SIGNATURE = Buffer.alloc(64);

/** Something a node's directory came to say, as `node sees subject`. */
export interface Sighting {
  readonly atMs: number;
  readonly node: string;
  readonly subject: string;
  readonly state: string;
}

/** What runs above membership on the same links; its frames carry a first byte of their own. */
export interface UpperLayer {
  linkUp(peer: string): void;
  linkDown(peer: string): void;
  frame(peer: string, bytes: Buffer): void;
  directoryChanged(): void;
}

/** First byte of an upper layer's frames; no frame of membership begins with it. */
export const UPPER_CHANNEL = 0xff;

/** One simulated node: the membership core, its own interest, and a driver that takes every signature as good. */
export class MembershipNode {
  readonly directory: Directory;
  readonly core: MembershipCore;
  readonly driver: CoreDriver<MembershipInput, MembershipTimer, MembershipOutput>;
  readonly #interest: OwnInterestCore;
  readonly #interestDriver: CoreDriver<OwnInterestInput, 'announce', Exclude<OwnInterestOutput, { type: 'schedule' }>>;
  readonly process: SimulatedProcess<Buffer>;
  hasDeparted = false;
  /** When something came over a link last. */
  readonly #heardMs = new Map<string, number>();
  /** What its subscribers want; the directory says so a moment later. */
  wanted: readonly InterestEntry[] = [];
  readonly clocks = new PeerClocks();
  readonly #upper: UpperLayer | undefined;

  constructor(
    private readonly world: MembershipWorld,
    readonly id: string,
    readonly epoch: number,
  ) {
    const record = recordOf(id, epoch, 1, 'alive');
    this.directory = new Directory({ record, jws: JSON.stringify(record) });
    this.core = new MembershipCore(this.directory, world.profile, new Random(world.random.u32()));
    this.#interest = new OwnInterestCore(id, epoch);
    this.process = world.network.start(id, {
      linkUp: (peer) => this.#onLinkUp(peer),
      linkDown: (peer) => {
        this.clocks.linkDown(peer);
        this.driver.handle({ type: 'linkDown', peer });
        this.#upper?.linkDown(peer);
      },
      frame: (peer, bytes) => this.#onFrame(peer, bytes),
    });
    const nowMs = () => world.time.nowMs;
    const alarm = this.process.alarm(() => this.driver.wake());
    this.driver = new CoreDriver(this.core, { nowMs, wakeAt: (dueMs) => alarm.set(dueMs) }, (output) =>
      this.#do(output),
    );
    const interestAlarm = this.process.alarm(() => this.#interestDriver.wake());
    this.#interestDriver = new CoreDriver(
      this.#interest,
      { nowMs, wakeAt: (dueMs) => interestAlarm.set(dueMs) },
      ({ segment }) => {
        const signed = signedSegment(segment, encodeSegmentBody(segment), SIGNATURE);
        this.driver.handle({ type: 'segment', from: id, segment: signed });
      },
    );
    this.#upper = world.upperOf?.(this, world);
    this.driver.handle({ type: 'start' });
    this.want([]);
  }

  want(entries: readonly InterestEntry[]): void {
    this.wanted = entries;
    this.#interestDriver.handle({ type: 'wanted', entries });
  }

  leave(): void {
    this.driver.handle({ type: 'leave' });
  }

  get ownClocks(): OwnClocks {
    return { wallMs: this.world.wallMsOf(this.id), monotonicMs: this.world.time.nowMs };
  }

  isLinked(peer: string): boolean {
    return this.world.network.isLinked(this.id, peer);
  }

  state(of: string): string | undefined {
    return this.directory.member(of)?.state;
  }

  #onLinkUp(peer: string): void {
    const record = this.world.node(peer).directory.member(peer)!;
    this.#heardMs.set(peer, this.world.time.nowMs);
    this.driver.handle({ type: 'linkUp', peer: { id: peer, record: record.record, recordJws: record.recordJws } });
    this.#upper?.linkUp(peer);
  }

  #onFrame(peer: string, bytes: Buffer): void {
    this.#heardMs.set(peer, this.world.time.nowMs);
    if (bytes[0] === UPPER_CHANNEL) return this.#upper?.frame(peer, bytes.subarray(1));
    const frame = decodePeerFrame(bytes);
    if (!frame.ok) throw new Error(`own frame refused: ${frame.reason}`);
    this.world.frames++;
    for (const input of inputsOf(peer, frame.value, this.world.wallMsOf(this.id)))
      if (this.#isNews(input)) this.driver.handle(input);
  }

  /** As the real driver does before it verifies. */
  #isNews(input: MembershipInput): boolean {
    if (input.type === 'record') return !this.directory.hasRecord(input.jws);
    if (input.type === 'segment') return this.directory.isSegmentNews(input.segment);
    return input.type !== 'accusation' || this.core.isAccusationNews(input.accusation);
  }

  #do(output: MembershipOutput): void {
    const { id, world } = this;
    switch (output.type) {
      case 'send': {
        const bytes = encodePeerFrame(output.frame);
        for (const peer of output.peers) this.process.send(peer, bytes);
        return;
      }
      case 'accuse':
        return this.driver.handle({
          type: 'accusation',
          from: id,
          accusation: { ...output.accusation, signature: SIGNATURE },
        });
      case 'incarnate': {
        const record = recordOf(id, this.epoch, output.incarnation, output.status);
        return this.driver.handle({ type: 'record', from: id, record, jws: JSON.stringify(record) });
      }
      case 'close':
        if ((this.#heardMs.get(output.peer) ?? -1) < (output.silentSinceMs ?? Infinity))
          this.process.close(output.peer);
        return;
      case 'memberChanged':
        if (output.id !== id) this.process.keep(output.id);
        this.#upper?.directoryChanged();
        return world.saw({ atMs: world.time.nowMs, node: id, subject: output.id, state: output.to });
      case 'measured':
        return this.clocks.measured(output.peer, output, this.ownClocks);
      case 'clockHeard':
        return this.clocks.heard(output.id, output.clockOffsetMs, this.ownClocks);
      case 'interestChanged':
      case 'memberForgotten':
        return this.#upper?.directoryChanged();
      case 'departed':
        this.hasDeparted = true;
        return;
      default:
    }
  }
}

/** A cluster of simulated nodes that knows how to check what they came to believe. */
export class MembershipWorld {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: SimulatedNetwork<Buffer>;
  readonly ids: readonly string[];
  readonly sightings: Sighting[] = [];
  frames = 0;
  /** A node's wall clock. */
  wallMsOf: (id: string) => number = () => Math.floor(this.time.nowMs);
  readonly #nodes = new Map<string, MembershipNode>();

  constructor(
    size: number,
    seed: number,
    readonly profile: Profile = PROFILES.local,
    options: NetworkOptions = LOCAL_NETWORK,
    readonly upperOf?: (node: MembershipNode, world: MembershipWorld) => UpperLayer,
  ) {
    this.random = new Random(seed);
    this.network = new SimulatedNetwork(this.time, this.random, options);
    this.ids = Array.from({ length: size }, (_, index) => nodeIdFrom(Buffer.alloc(32, index + 1)));
    for (const id of this.ids) this.start(id);
  }

  /** A cluster whose directories are equal. */
  static calm(size: number, seed: number, profile?: Profile, options?: NetworkOptions): MembershipWorld {
    const world = new MembershipWorld(size, seed, profile, options);
    if (!world.time.runUntil(() => world.isCalm(), 10_000)) throw new Error(`no calm cluster with seed ${seed}`);
    return world;
  }

  start(id: string): MembershipNode {
    const node = new MembershipNode(this, id, 1_000 + Math.floor(this.time.nowMs));
    this.#nodes.set(id, node);
    // Everybody knows the first two: bootstrap peers.
    for (const bootstrap of this.ids.slice(0, 2)) node.process.keep(bootstrap);
    return node;
  }

  node(id: string): MembershipNode {
    return this.#nodes.get(id)!;
  }

  at(index: number): MembershipNode {
    return this.node(this.ids[index]!);
  }

  running(): readonly MembershipNode[] {
    return [...this.#nodes.values()].filter((node) => node.process.isRunning);
  }

  saw(sighting: Sighting): void {
    this.sightings.push(sighting);
  }

  /** All running nodes agree on members and interests, and each sees exactly the running ones alive. */
  isCalm(): boolean {
    const running = this.running();
    const isAlive = (id: string, node: MembershipNode) => node.state(id) === 'alive';
    return (
      new Set(running.map((node) => node.directory.digest())).size <= 1 &&
      running.every(
        (node) => node.directory.live().length === running.length && running.every(({ id }) => isAlive(id, node)),
      )
    );
  }

  /** Runs until the cluster is calm; how long that took, or infinity when it was not within `limitMs`. */
  calmWithin(limitMs: number): number {
    const startMs = this.time.nowMs;
    const isReached = this.time.runUntil(() => this.isCalm(), startMs + limitMs);
    return isReached ? this.time.nowMs - startMs : Number.POSITIVE_INFINITY;
  }

  /** Runs until all running nodes say `state` of this one; how long that took, or infinity. */
  agreeWithin(id: string, state: string, limitMs: number): number {
    const startMs = this.time.nowMs;
    const others = () => this.running().filter((node) => node.id !== id);
    const isReached = this.time.runUntil(() => others().every((node) => node.state(id) === state), startMs + limitMs);
    return isReached ? this.time.nowMs - startMs : Number.POSITIVE_INFINITY;
  }

  /** Who was said to be in this state since `sinceMs`. */
  said(state: string, sinceMs = 0): readonly Sighting[] {
    return this.sightings.filter((sighting) => sighting.state === state && sighting.atMs >= sinceMs);
  }
}

function inputsOf(peer: string, frame: PeerFrame, wallMs: number): MembershipInput[] {
  switch (frame.type) {
    case 'records':
      return frame.items.map((item) => ({
        type: 'record',
        from: peer,
        record: JSON.parse(item.jws) as NodeRecord,
        jws: item.jws,
        seen: item,
      }));
    case 'accusations':
      return frame.accusations.map((accusation) => ({ type: 'accusation', from: peer, accusation }));
    case 'segments':
      return frame.segments.map((bytes) => {
        const segment = decodeSegment(bytes);
        if (!segment.ok) throw new Error(`own segment refused: ${segment.reason}`);
        return { type: 'segment', from: peer, segment: segment.value };
      });
    default:
      return [{ type: 'frame', peer, frame, wallMs }];
  }
}

/** A record with keys that nobody looks at here. */
export function recordOf(id: string, epoch: number, incarnation: number, status: NodeRecord['status']): NodeRecord {
  const name = id.slice(0, 4);
  const own = { cluster: 'test', id, name, url: `http://${name}`, epoch, incarnation, status };
  return { ...own, signingKey: KEY, encryptionKey: KEY };
}

const KEY = { kty: 'EC', crv: 'P-256', x: '', y: '' } as const;
