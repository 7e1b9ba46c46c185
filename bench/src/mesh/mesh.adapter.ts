import { nowMs, pause } from '../clock.adapter.js';
import { drained } from '../drained.adapter.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { Measurement, type Cost } from '../measurement.adapter.js';
import type { Phase } from '../payload.js';
import type { Stage } from '../stage.adapter.js';
import type { WorkerProcess } from '../worker.process.js';
import type { Figures, RunResult } from '../workload.js';
import { startBroker } from './brokers.adapter.js';
import type { MeshCalls, Published, Received } from './mesh.worker.js';
import { entryOf } from './systems/catalogue.js';

const HEARD_MS_MAX = 20_000;
const PROBE_MS = 100;

type Node = WorkerProcess<MeshCalls>;

/** How many nodes, and whether the payload copies that they receive are counted. */
export interface MeshShape {
  readonly nodes: number;
  readonly countsCopies: boolean;
}

/** Nodes of one system, each a process, all subscribed to one topic; the first one publishes. */
export class Mesh {
  private constructor(
    private readonly stage: Stage,
    private readonly publisher: Node,
    private readonly receivers: readonly Node[],
  ) {}

  /** Resolves when a message of the publisher reaches all others. */
  static async start(stage: Stage, system: string, { nodes, countsCopies }: MeshShape): Promise<Mesh> {
    const { broker } = entryOf(system);
    const servers = broker === undefined ? [] : await startBroker(broker, stage, nodes);
    const workers: Node[] = [];
    const earlier: string[] = [];
    for (let index = 0; index < nodes; index++) {
      const worker = stage.startWorker<MeshCalls>('mesh/mesh.worker', index === 0 ? 'publisher' : 'receiver');
      const context = { index, nodes, countsCopies, earlier, servers, folder: stage.makeFolder() };
      const address = await worker.call('start', system, context);
      await Promise.all(workers.map((each) => each.call('nodeJoined', address)));
      workers.push(worker);
      earlier.push(address);
    }
    const [publisher, ...receivers] = workers;
    if (publisher === undefined) throw new Error('a mesh has at least one node');
    const mesh = new Mesh(stage, publisher, receivers);
    await mesh.#heard();
    return mesh;
  }

  async flood(warmSeconds: number, seconds: number): Promise<RunResult> {
    await Promise.all(this.receivers.map((node) => node.call('expectFlood')));
    return this.#measure((phase) => this.publisher.call('flood', phase, phase === 1 ? warmSeconds : seconds));
  }

  async pace(perSecond: number, warmSeconds: number, seconds: number): Promise<RunResult> {
    return this.#measure((phase) => this.publisher.call('pace', phase, perSecond, phase === 1 ? warmSeconds : seconds));
  }

  async #measure(publish: (phase: Phase) => Promise<Published>): Promise<RunResult> {
    await drained((await publish(1)).sent, () => this.#counts(1));
    const copiesBefore = await this.#copies();
    const measurement = await Measurement.start(this.stage);
    const published = await publish(2);
    await drained(published.sent, () => this.#counts(2));
    const cost = await measurement.end();
    const copies = (await this.#copies()) - copiesBefore;
    const received = await Promise.all(this.receivers.map((node) => node.call('received', 2)));
    const figures = figuresOf(published, received, cost);
    if (Number.isNaN(copies)) return { figures, foreignShare: cost.foreignShare };
    const perNode = copies / (published.sent * this.receivers.length);
    return { figures: { ...figures, copies: perNode }, foreignShare: cost.foreignShare };
  }

  /** NaN where the system does not tell. */
  async #copies(): Promise<number> {
    const copies = await Promise.all(this.receivers.map((node) => node.call('copies')));
    return copies.reduce<number>((sum, each) => sum + (each ?? Number.NaN), 0);
  }

  async #heard(): Promise<void> {
    const deadlineMs = nowMs() + HEARD_MS_MAX;
    while ((await this.#counts(0)).some((count) => count === 0)) {
      if (nowMs() > deadlineMs) throw new Error('not all nodes hear the publisher');
      await this.publisher.call('probe');
      await pause(PROBE_MS);
    }
  }

  #counts(phase: Phase): Promise<number[]> {
    return Promise.all(this.receivers.map((node) => node.call('count', phase)));
  }
}

function figuresOf({ sent, startMs }: Published, received: readonly Received[], cost: Cost): Figures {
  const latencies = new LatencyHistogram();
  for (const each of received) latencies.add(each.latencies);
  const deliveries = received.reduce((sum, { count }) => sum + count, 0);
  return {
    deliveredPerSecond: Math.min(...received.map(({ count, lastMs }) => (count * 1_000) / (lastMs - startMs))),
    cpuMsPer1000: (cost.cpuMs * 1_000) / deliveries,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    rssMiB: cost.rssMiB,
    lost: sent * received.length - deliveries,
  };
}
