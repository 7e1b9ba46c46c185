import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../e2e/eventually.js';
import { LocalCluster } from '../e2e/local-cluster.js';
import { MeshProxy } from '../e2e/mesh-proxy.js';
import type { NodeProcess } from '../e2e/node-process.js';
import { atMost } from './case.js';
import * as invariants from './invariants.js';
import type { Verdict } from './invariants.js';
import { Ledger, type Accepted } from './ledger.js';
import { Load, type LoadOptions, type Payload } from './load.js';
import { Namespaces } from './namespaces.js';
import { SocketSubscriber, StreamSubscriber, type Subscriber } from './subscribers.js';
import { Watch } from './watch.js';

/** What a case wants to be there before it begins. */
export interface WorldOptions {
  /** How nodes reach each other: through the fault proxy (default), directly, or each from a network namespace of its own. */
  readonly network?: 'proxy' | 'direct' | 'namespaces';
  readonly environment?: Readonly<Record<string, string>>;
  readonly environmentOf?: (name: string) => Readonly<Record<string, string>>;
  /** The nodes whose addresses all are told; default all. */
  readonly bootstrap?: readonly string[];
  readonly load?: Partial<LoadOptions>;
  /** Clients that are there from the start; default a Socket.IO client and an event stream at each node. */
  readonly subscribers?: readonly SubscriberPlace[];
}

/** Circumstances that are not the case's own. */
export interface Circumstances {
  readonly isShort: boolean;
  readonly random: () => number;
  /** By how much more than the table's every time may take; 1 is what the table says, a shared machine needs more. */
  readonly patience: number;
  /** Share of the load that is put on the nodes; 1 is what the table asks for. */
  readonly load: number;
}

/** What the preloaded part of a node is told. */
interface Order {
  /** Nothing runs in the node for so long. */
  readonly blockMs?: number;
  /** How far its wall clock is ahead of the machine's from now on. */
  readonly skewMs?: number;
}

interface Awaited {
  readonly state: string;
  readonly sinceMs: number;
  readonly withinSeconds: number;
}

/** A client that is there before the first message: where it goes first, and where when it loses that. */
export interface SubscriberPlace {
  readonly kind: 'socket' | 'stream';
  readonly topic: string;
  readonly nodes: readonly string[];
}

/** I1 to I7 in this order. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7'] as const;

const TOPICS: Readonly<Record<string, readonly string[]>> = { chat: ['A', 'B', 'C', 'D'], news: ['B', 'C'] };
const LOAD: LoadOptions = {
  perSecond: 500,
  levels: ['local', 2, 'local', 'all'],
  topics: ['chat', 'chat', 'chat', 'news'],
  isRetried: false,
  payloadBytes: 120,
};
/** Bound of what a process may need above its base, unless a case says otherwise. */
const MEMORY_GROWTH_MIB = 192;
const LOOP_DELAY_MS = 100;
const AGREED_WITHIN_MS = 10_000;
/** How long is waited for what should be there by then; later than its bound it counts as broken, but its figure is known. */
const PATIENCE = 2;
const RECEIVED_WITHIN_MS = 10_000;

/** Four nodes, the network between them, clients that publish and read, and somebody who watches. */
export class World {
  readonly ledger = new Ledger();
  readonly subscribers: Subscriber[] = [];
  readonly watch = new Watch(() => this.running);
  readonly load: Load;
  readonly proxy: MeshProxy;
  readonly #namespaces: Namespaces | undefined;
  readonly #urls = new Map<string, string>();
  #cluster: LocalCluster | undefined;
  #agreement: Verdict | undefined;

  /** What the invariants need to know of a case; set by the case. */
  mayBeLost: (publication: Accepted) => boolean = () => false;
  memoryGrowthMiB = MEMORY_GROWTH_MIB;
  loopDelayMs = LOOP_DELAY_MS;
  /** Nodes whose log need not be equal to the others', as they began later. */
  readonly beganLater = new Set<string>();

  private constructor(
    private readonly options: WorldOptions,
    readonly circumstances: Circumstances,
  ) {
    const load = { ...LOAD, ...options.load };
    const perSecond = load.perSecond * circumstances.load;
    this.load = new Load(() => this.running, this.ledger, { ...load, perSecond });
    this.proxy = new MeshProxy(circumstances.random);
    this.#namespaces = options.network === 'namespaces' ? new Namespaces() : undefined;
  }

  /** All of it, at peace: everybody knows everybody, clients are connected, nothing is published yet. */
  static async open(options: WorldOptions, circumstances: Circumstances): Promise<World> {
    const world = new World(options, circumstances);
    try {
      await world.#open();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  get nodes(): readonly NodeProcess[] {
    return this.cluster.nodes;
  }

  get running(): readonly NodeProcess[] {
    return this.nodes.filter((node) => node.isRunning);
  }

  get cluster(): LocalCluster {
    if (this.#cluster === undefined) throw new Error('there is no cluster yet');
    return this.#cluster;
  }

  get namespaces(): Namespaces {
    if (this.#namespaces === undefined) throw new Error('this case did not ask for namespaces');
    return this.#namespaces;
  }

  node(name: string): NodeProcess {
    return this.cluster.node(name);
  }

  /** A time of the case in seconds, or a shorter one when it has to be quick. */
  seconds(full: number, short: number): number {
    return this.circumstances.isShort ? short : full;
  }

  get patience(): number {
    return this.circumstances.patience;
  }

  /** Whether something took no longer than it may, in seconds. */
  inTime(seconds: number, bound: number): Verdict {
    return atMost(seconds, bound * this.patience, ' s');
  }

  /** Waits until a node has a state in the eyes of all these, and returns when each saw it first; Infinity for never. */
  async seenBy(names: readonly string[], peer: string, { state, sinceMs, withinSeconds }: Awaited): Promise<number[]> {
    const seen = (): number[] =>
      names.map((by) => this.watch.firstSeen({ by, peer, state, sinceMs })?.atMs ?? Infinity);
    await eventually(
      () => {
        if (seen().includes(Infinity)) throw new Error(`${peer} is not ${state} to all`);
      },
      withinSeconds * PATIENCE * this.patience * 1_000,
    ).catch(() => undefined);
    return seen();
  }

  wait(full: number, short: number): Promise<void> {
    return sleep(this.seconds(full, short) * 1_000);
  }

  /** Kills a node, as a crash does. */
  async crash(name: string): Promise<void> {
    const node = this.node(name);
    await this.watch.expectExit(node);
    await node.crash();
  }

  /** Tells a node to leave, and resolves with its exit code. */
  async terminate(name: string): Promise<number | string> {
    const node = this.node(name);
    await this.watch.expectExit(node);
    return node.terminate();
  }

  /** Starts a node that has ended; resolves when it is ready. */
  async restart(name: string, changes: Readonly<Record<string, string>> = {}): Promise<NodeProcess> {
    const node = this.cluster.restart(name, changes);
    this.watch.follow(node);
    await node.ready();
    await this.watch.serves(node);
    return node;
  }

  /** Tells the preloaded part of a node to block its loop or to move its clock. */
  order(name: string, order: Order): void {
    writeFileSync(this.#ordersOf(name), JSON.stringify(order));
    this.node(name).signal('SIGUSR2');
  }

  /** A client at the first of these nodes, which goes to the next when it loses that; not judged by the invariants. */
  subscribe({ kind, topic, nodes: names }: SubscriberPlace): Promise<Subscriber> {
    const nodes = (): NodeProcess[] => names.map((name) => this.node(name)).filter((node) => node.isRunning);
    const Kind = kind === 'socket' ? SocketSubscriber : StreamSubscriber;
    return new Kind(`${kind} ${names[0]}`, topic, nodes).start();
  }

  /**
   * I4 at this moment: stops publishing and measures how long it takes from `sinceMs` on until all nodes agree about the
   * cluster and those that want a topic about its messages. Publishing goes on afterwards.
   */
  async agree(sinceMs = performance.now(), withinMs = AGREED_WITHIN_MS): Promise<Verdict> {
    await this.load.stop();
    const tookMs = (): number => performance.now() - sinceMs;
    const problem = await eventually(() => this.#checkAgreement(), withinMs * PATIENCE * this.patience)
      .then(() => undefined)
      .catch((error: Error) => error.message);
    const figure = problem ?? `${(tookMs() / 1_000).toFixed(1)} s`;
    const verdict = { isMet: problem === undefined && tookMs() <= withinMs * this.patience, figure };
    if (this.#agreement?.isMet !== false) this.#agreement = verdict;
    this.load.start();
    return verdict;
  }

  /** Ends the load, waits until all is where it belongs, and checks I1 to I7. */
  async judge(): Promise<Readonly<Record<(typeof INVARIANTS)[number], Verdict>>> {
    await this.agree();
    await this.load.stop();
    await this.#receivedAll();
    await this.watch.stop();
    const copies = (
      await Promise.all(
        Object.entries(TOPICS).flatMap(([topic, names]) =>
          names.filter((name) => !this.beganLater.has(name)).map((name) => this.#copyOf(name, topic)),
        ),
      )
    ).flat();
    const { accepted } = this.ledger;
    return {
      I1: invariants.both(
        invariants.acknowledgedIsKept(accepted, copies, this.subscribers, this.mayBeLost),
        invariants.nothingIsSkipped(this.subscribers),
      ),
      I2: invariants.orderIsKept(this.subscribers),
      I3: invariants.nothingComesTwice(this.subscribers),
      I4: this.#agreement ?? { isMet: false, figure: 'never looked at' },
      I5: this.watch.noExits(),
      I6: this.watch.memoryIsBounded(this.memoryGrowthMiB),
      I7: await this.watch.loopIsFree(this.loopDelayMs * this.patience),
    };
  }

  async close(): Promise<void> {
    await this.watch.stop();
    await this.load.stop();
    this.load.close();
    for (const subscriber of this.subscribers) subscriber.close();
    await this.#cluster?.stop();
    await this.proxy.close();
    this.#namespaces?.close();
    for (const { name } of this.#cluster?.nodes ?? []) rmSync(this.#ordersOf(name), { force: true });
  }

  async #open(): Promise<void> {
    const { network = 'proxy', environment, bootstrap, environmentOf } = this.options;
    const namespaces = this.#namespaces;
    const preload = new URL('preload.mjs', import.meta.url).href;
    this.#cluster = await LocalCluster.start({
      launched: (name, pid) => this.proxy.identify(name, pid),
      advertise: async (name, port) => {
        let url = `http://${namespaces?.open(name) ?? '127.0.0.1'}:${port}`;
        if (network === 'proxy') url = await this.proxy.open(name, port);
        this.#urls.set(name, url);
        return url;
      },
      ...(namespaces && { prefixOf: (name) => namespaces.prefix(name) }),
      environment: { ...environment, NODE_OPTIONS: `--import ${preload}` },
      environmentOf: (name) => ({
        CHAOS_ORDERS: this.#ordersOf(name),
        ...(bootstrap && { PEERS: bootstrap.map((each) => this.#urls.get(each)).join(',') }),
        ...(namespaces && { HOST: namespaces.open(name), API_AUTH: 'open' }),
        ...environmentOf?.(name),
      }),
    });
    for (const node of this.nodes) this.watch.follow(node);
    for (const place of this.options.subscribers ?? atEachNode()) {
      this.subscribers.push(await this.subscribe(place));
    }
    await this.load.connect();
    await this.watch.takeBase();
    this.watch.start();
    this.load.start();
  }

  #ordersOf(name: string): string {
    return join(tmpdir(), `grapevine-chaos-${process.pid}-${name}.json`);
  }

  async #checkAgreement(): Promise<void> {
    const views = await Promise.all(this.running.map(async (node) => ({ name: node.name, ...(await node.status()) })));
    const oneOf = (what: string, values: readonly unknown[]): void => {
      if (new Set(values).size > 1) throw new Error(`${what} differ: ${values.join(', ')}`);
    };
    oneOf('sizes', [this.running.length, ...views.map(({ cluster }) => cluster.size)]);
    oneOf(
      'cluster digests',
      views.map(({ cluster }) => cluster.digest),
    );
    for (const [topic, names] of Object.entries(TOPICS)) {
      const holders = views.filter(({ name }) => names.includes(name) && !this.beganLater.has(name));
      oneOf(
        `digests of ${topic}`,
        holders.map(({ topics }) => topics.find((each) => each.topic === topic)?.digest ?? 'nothing'),
      );
    }
  }

  /** The last messages are on their way to clients; those that do not come are found missing later. */
  async #receivedAll(): Promise<void> {
    const wanted = (topic: string): number => this.ledger.accepted.filter((each) => each.topic === topic).length;
    await eventually(() => {
      const late = this.subscribers.find(({ topic, received }) => received.length < wanted(topic));
      if (late !== undefined) throw new Error(`${late.subscriber} has not got all`);
    }, RECEIVED_WITHIN_MS).catch(() => undefined);
  }

  async #copyOf(name: string, topic: string): Promise<invariants.Copy[]> {
    const node = this.node(name);
    if (!node.isRunning) return [];
    const items = await node.messages(topic);
    return [{ node: name, topic, values: new Set(items.map(({ message }) => (message as Payload).value)) }];
  }
}

/** A socket and a stream at each node. */
export function atEachNode(): SubscriberPlace[] {
  return ['A', 'B', 'C', 'D'].flatMap((name) => [
    placeAt('socket', 'chat', name),
    placeAt('stream', TOPICS['news']?.includes(name) === true ? 'news' : 'chat', name),
  ]);
}

/** At one node, and when that is lost at another that wants the topic anyway. */
export function placeAt(kind: SubscriberPlace['kind'], topic: string, name: string): SubscriberPlace {
  const names = TOPICS[topic] ?? [];
  const at = names.indexOf(name);
  return { kind, topic, nodes: [...names.slice(at), ...names.slice(0, at)] };
}
