import type { Gap } from '../../src/gossip/bundles/message.js';
import { streamOf, type Stream, type StreamId } from '../../src/gossip/bundles/stream.js';
import { PROFILES, type ProfileName } from '../../src/peers/membership/profile.js';
import { SteadyWall } from '../../src/runtime/steady-wall.js';
import { Disk } from './disk.js';
import { GossipNode } from './gossip-node.js';
import { MembershipWorld, type MembershipNode, type UpperLayer } from './membership-world.js';
import type { SimulatedBundle } from './memory-log.js';
import { LOCAL_NETWORK, type NetworkOptions } from './network.js';

/** Where a world tells what happens; the checkers listen. */
export interface Witness {
  /** A life of a node begins on what its disk holds. */
  started(node: GossipNode): void;
  /** The own log was given the bundle at `atMs`, and has it now. */
  published(node: GossipNode, bundle: SimulatedBundle, atMs: number): void;
  received(node: GossipNode, peer: string, bundle: SimulatedBundle, isKnown: boolean): void;
  /** Messages `fromSeq` to the bundle's last were delivered to subscribers of the node. */
  delivered(node: GossipNode, bundle: SimulatedBundle, fromSeq: number): void;
  gap(node: GossipNode, gap: Gap): void;
  pushed(node: GossipNode, peer: string, bundle: SimulatedBundle): void;
  repaired(node: GossipNode, peer: string, bundle: SimulatedBundle): void;
  /** The node was told that so many logs hold the message of await `id`. */
  reached(node: GossipNode, id: number, confirmed: number): void;
}

/** A witness that looks at nothing but what is given. */
export function witnessOf(given: Partial<Witness>): Witness {
  const ignore = (): void => undefined;
  const nothing: Witness = {
    started: ignore,
    published: ignore,
    received: ignore,
    delivered: ignore,
    gap: ignore,
    pushed: ignore,
    repaired: ignore,
    reached: ignore,
  };
  return { ...nothing, ...given };
}

export interface WorldOptions {
  readonly network?: NetworkOptions;
  readonly profile?: ProfileName;
}

/** A simulated cluster that gossips. The seed decides everything that is left to chance. */
export class World {
  #members: MembershipWorld | undefined;
  readonly #nodes = new Map<string, GossipNode>();
  readonly #disks = new Map<string, Disk>();
  readonly #streams = new Map<string, Stream>();
  readonly #clockOffsetsMs = new Map<string, number>();
  readonly #clocksSetMs = new Map<string, number>();
  /** Of each process, what it makes of its machine's clock. */
  readonly #walls = new Map<string, SteadyWall>();
  /** Some log drops what is old. */
  hasRetention = false;

  constructor(
    size: number,
    seed: number,
    readonly witness: Witness,
    { network = LOCAL_NETWORK, profile = 'local' }: WorldOptions = {},
  ) {
    this.#members = new MembershipWorld(size, seed, PROFILES[profile], network, (node, members) => {
      this.#members = members;
      return this.#enter(node);
    });
    this.#members.wallMsOf = (id) => this.wallMsOf(id);
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

  /** The wall clock of a node that nobody has set. */
  get wallMs(): number {
    return WALL_EPOCH_MS + Math.floor(this.time.nowMs);
  }

  wallMsOf(id: string): number {
    let wall = this.#walls.get(id);
    if (wall === undefined) this.#walls.set(id, (wall = new SteadyWall()));
    return wall.read(this.#machineWallMs(id), this.time.nowMs);
  }

  /** It was this late already when the node saved what it wants. */
  notBefore(id: string, wallMs: number): void {
    this.wallMsOf(id);
    this.#walls.get(id)!.notBefore(wallMs, this.#machineWallMs(id));
  }

  #machineWallMs(id: string): number {
    return this.wallMs + (this.#clockOffsetsMs.get(id) ?? 0);
  }

  /** Sets a node's clock ahead, or back. */
  stepClock(id: string, byMs: number): void {
    this.#clockOffsetsMs.set(id, (this.#clockOffsetsMs.get(id) ?? 0) + byMs);
    this.#clocksSetMs.set(id, this.time.nowMs);
  }

  /** When a node's clock was set last, in truth. */
  clockSetMs(id: string): number {
    return this.#clocksSetMs.get(id) ?? -Infinity;
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

  disk(id: string): Disk {
    return this.#disks.get(id)!;
  }

  /** How many disks hold a message for good, also those of nodes that are down, and how many that held it were lost. */
  copiesOf(stream: StreamId, seq: number): { readonly held: number; readonly lost: number } {
    let held = 0;
    let lost = 0;
    for (const disk of this.#disks.values()) {
      if (disk.log.isDurable(stream, seq, this.hasRetention)) held++;
      lost += disk.losses(stream, seq);
    }
    return { held, lost };
  }

  /** kill -9; what was not committed is lost. */
  crash(id: string): void {
    this.network.crash(id);
    this.disk(id).crash();
  }

  /** Starts a node that crashed, on its disk, or on an empty one. */
  restart(id: string, how: { readonly isEmpty?: boolean } = {}): GossipNode {
    if (how.isEmpty === true) this.disk(id).wipe();
    const wall = new SteadyWall();
    wall.notBefore(this.disk(id).log.newestMs, this.#machineWallMs(id));
    this.#walls.set(id, wall);
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
    const disk = this.#disks.get(membership.id) ?? new Disk();
    this.#disks.set(membership.id, disk);
    const node = new GossipNode(this, membership, disk);
    this.#nodes.set(membership.id, node);
    this.witness.started(node);
    return node;
  }
}

/** Some day, so that clocks may be wrong by more than a run lasts. */
const WALL_EPOCH_MS = 1_000_000_000_000;
