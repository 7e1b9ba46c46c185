import { isDeepStrictEqual } from 'node:util';
import { Watch } from '../chaos/watch.js';
import { atMost, type Findings } from '../chaos/case.js';
import { verdictOf, type Verdict } from '../chaos/invariants.js';
import { LocalCluster, type LocalClusterOptions } from '../e2e/local-cluster.js';
import type { NodeProcess } from '../e2e/node-process.js';
import { Onlooker } from './onlooker.js';

const NAMES = ['A', 'B', 'C'];
/** What a victim at rest has in its heap, in MiB, with room for the collector to work. */
const HEAP_AT_REST_MIB = 64;
/** Of the three spaces for what is new; by default they grow to 16 MiB each with the first load there is. */
const SEMI_SPACE_MIB = 4;
/** Longest that the loop of a victim may be late, 99 times of 100. */
const LOOP_MS = 100;
/** Below this a base is noise of the machine, and twice the noise no bound. */
const BASE_MS_MIN = 10;

/** Circumstances that are not the case's own. */
interface Circumstances {
  readonly isShort: boolean;
  /** Times may be so many times as long: a machine that is shared with others says nothing about times. */
  readonly patience: number;
  /** Memory that a victim may need above what it had before. */
  readonly memoryMiB: number;
}

/** What must not change, whatever is sent. */
interface State {
  readonly members: readonly string[];
  readonly topics: readonly string[];
}

/** The nodes that are attacked, watched from outside. */
export class Victims {
  readonly #watch: Watch;
  #before = new Map<string, State>();
  #base = 0;

  private constructor(
    readonly cluster: LocalCluster,
    private readonly circumstances: Circumstances,
    private readonly onlooker: Onlooker,
  ) {
    this.#watch = new Watch(() => this.nodes);
    for (const node of this.nodes) this.#watch.follow(node);
  }

  static async start(options: LocalClusterOptions, circumstances: Circumstances): Promise<Victims> {
    const chat = Object.fromEntries((options.names ?? NAMES).map((name) => [name, 'chat']));
    const environment = { ...options.environment, NODE_OPTIONS: nodeOptions(options, circumstances.memoryMiB) };
    const cluster = await LocalCluster.start({ names: NAMES, subscriptions: chat, ...options, environment });
    const victims = new Victims(cluster, circumstances, await Onlooker.start(cluster.node('A')));
    await victims.#watch.takeBase();
    victims.#watch.start();
    return victims;
  }

  get nodes(): readonly NodeProcess[] {
    return this.cluster.nodes;
  }

  /** The one that is attacked first. */
  get first(): NodeProcess {
    return this.cluster.node('A');
  }

  /** Longest that something may take here, in the unit that is given. */
  time(bound: number): number {
    return bound * this.circumstances.patience;
  }

  /** The first of two sizes, or the second in a short run. */
  size(full: number, short: number): number {
    return this.circumstances.isShort ? short : full;
  }

  /** From here on the state must stay, and latency and memory are compared with what they were. */
  async remember(except: readonly string[] = []): Promise<void> {
    for (const node of this.nodes) this.#before.set(node.name, await stateOf(node, except));
    this.#base = (await this.onlooker.measure(this.size(5_000, 2_000))).p99Ms;
    await this.#watch.takeBase();
  }

  /** Members (all but the attackers), and messages of all topics, are what they were. */
  async unchanged(except: readonly string[] = []): Promise<Verdict> {
    const changes: string[] = [];
    for (const node of this.nodes) {
      const [was, is] = [this.#before.get(node.name), await stateOf(node, except)];
      if (!isDeepStrictEqual(was, is))
        changes.push(`${node.name}: ${JSON.stringify(was)} became ${JSON.stringify(is)}`);
    }
    return verdictOf(changes, `${this.nodes.length} nodes`);
  }

  /** What `attack` does to a client that behaves. */
  async onlookersDuring(attack: () => Promise<unknown>): Promise<Verdict> {
    await this.onlooker.begin();
    await attack();
    const seen = await this.onlooker.end();
    const bound = this.time(2 * Math.max(this.#base, BASE_MS_MIN));
    if (seen.failed > 0) return { isMet: false, figure: `${seen.failed} of ${seen.count} failed: ${seen.reason}` };
    return atMost(seen.p99Ms, bound, ' ms');
  }

  /** What holds in every case. */
  async invariants(): Promise<Findings> {
    const loop = await this.#watch.loopIsFree(this.time(LOOP_MS));
    await this.#watch.stop();
    return {
      'no exit, nothing uncaught': this.#watch.noExits(),
      memory: this.#watch.memoryIsBounded(this.circumstances.memoryMiB),
      'event loop p99': loop,
    };
  }

  /** The end of this process is the case's own doing. */
  async restart(name: string): Promise<void> {
    const node = this.cluster.node(name);
    await this.#watch.expectExit(node);
    await node.terminate();
    this.#watch.follow(this.cluster.restart(name));
    await this.#watch.serves(await this.cluster.node(name).ready());
  }

  async stop(): Promise<void> {
    this.onlooker.stop();
    await this.cluster.stop();
  }
}

/** A heap with room for no more than what is allowed: where there is more room, garbage is left lying and looks like need. */
function nodeOptions({ environment }: LocalClusterOptions, memoryMiB: number): string {
  const own = environment?.['NODE_OPTIONS'] ?? '';
  return `${own} --max-old-space-size=${HEAP_AT_REST_MIB + memoryMiB} --max-semi-space-size=${SEMI_SPACE_MIB}`.trim();
}

async function stateOf(node: NodeProcess, except: readonly string[]): Promise<State> {
  const { peers, topics } = await node.status();
  return {
    members: peers
      .filter(({ id, name }) => !except.includes(id) && !except.includes(name))
      .map(({ id, name, state }) => `${name} ${id} ${state}`)
      .toSorted(),
    topics: topics.map(({ topic, count, digest }) => `${topic} ${count} ${digest}`).toSorted(),
  };
}
