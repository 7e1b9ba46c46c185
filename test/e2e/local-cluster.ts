import { deepStrictEqual, equal } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { MessageItem, NodeClient } from './node-client.js';
import { freePorts, NodeProcess } from './node-process.js';

const SETTLED_WITHIN_MS = 60_000;

export const SECRET = 'a secret for the tests, of more than 32 characters';

export interface LocalClusterOptions {
  readonly names?: readonly string[];
  /** Topics a node subscribes to at start; default: `chat`, and B and C also `news`. */
  readonly subscriptions?: Readonly<Record<string, string>>;
  /** Where each node says that it can be reached, when not at its own port. */
  readonly advertise?: (name: string, port: number) => Promise<string>;
  /** Told as soon as a node's process is there. */
  readonly launched?: (name: string, pid: number) => void;
  readonly environment?: Readonly<Record<string, string>>;
  /** What one node's environment has besides. */
  readonly environmentOf?: (name: string) => Readonly<Record<string, string>>;
  /** A command that becomes the node. */
  readonly prefixOf?: (name: string) => readonly string[];
}

/** Nodes in processes of their own on free ports, with data folders that are removed at the end. */
export class LocalCluster {
  readonly #nodes = new Map<string, NodeProcess>();

  private constructor(
    readonly folder: string,
    private readonly options: LocalClusterOptions,
  ) {}

  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const { names = ['A', 'B', 'C', 'D'], subscriptions = { B: 'chat,news', C: 'chat,news' } } = options;
    const cluster = new LocalCluster(await mkdtemp(join(tmpdir(), 'grapevine-e2e-')), options);
    const ports = await freePorts(names.length);
    const places = await Promise.all(
      names.map(async (name, index) => {
        const port = ports[index] ?? 0;
        return { name, port, url: (await options.advertise?.(name, port)) ?? `http://127.0.0.1:${port}` };
      }),
    );
    for (const { name, port, url } of places) {
      cluster.#add(
        NodeProcess.launch(
          {
            NODE_NAME: name,
            PORT: String(port),
            ADVERTISE_URL: url,
            PEERS: places.map((place) => place.url).join(','),
            SUBSCRIPTIONS: subscriptions[name] ?? 'chat',
            CLUSTER_SECRET: SECRET,
            DATA_DIR: join(cluster.folder, name),
            PROFILE: 'local',
            ...options.environment,
            ...options.environmentOf?.(name),
          },
          options.prefixOf?.(name),
        ),
      );
    }
    try {
      await cluster.settled();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get nodes(): readonly NodeProcess[] {
    return [...this.#nodes.values()];
  }

  node(name: string): NodeProcess {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** All running nodes are ready, and each knows all of them and what they want. */
  async settled(): Promise<void> {
    const running = this.nodes.filter((node) => node.isRunning);
    await Promise.all(running.map((node) => node.ready()));
    await eventually(async () => {
      const views = await Promise.all(running.map((node) => node.status()));
      deepStrictEqual(
        views.map((view) => view.cluster.size),
        running.map(() => running.length),
      );
      equal(new Set(views.map((view) => view.cluster.digest)).size, 1);
    }, SETTLED_WITHIN_MS);
  }

  /** Starts a node that has ended, on what it left. */
  restart(name: string, changes: Readonly<Record<string, string>> = {}): NodeProcess {
    return this.#add(this.node(name).again(changes));
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) node.signal('SIGKILL');
    await Promise.all(this.nodes.map((node) => node.exited));
    await rm(this.folder, { recursive: true, force: true });
  }

  #add(node: NodeProcess): NodeProcess {
    this.#nodes.set(node.name, node);
    this.options.launched?.(node.name, node.pid);
    return node;
  }
}

/** What must hold of everything a subscriber got: nothing twice, and each publisher's messages in their order. */
export function expectOnceAndInOrder(items: readonly MessageItem[]): void {
  const lastSeq = new Map<string, number>();
  const disorder: string[] = [];
  for (const { stream, seq } of items) {
    const last = lastSeq.get(stream) ?? 0;
    if (seq !== last + 1) disorder.push(`${stream}: ${seq} after ${last}`);
    lastSeq.set(stream, seq);
  }
  deepStrictEqual(disorder, []);
}

/** The published values a node has of a topic, sorted. */
export async function valuesAt(node: NodeClient, topic: string): Promise<string[]> {
  return (await node.messages(topic)).map((item) => String(item.message)).toSorted();
}
