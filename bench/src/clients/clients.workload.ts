import { nowMs } from '../clock.adapter.js';
import { drained } from '../drained.adapter.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { Measurement } from '../measurement.adapter.js';
import { onStage, type Stage } from '../stage.adapter.js';
import type { WorkerProcess } from '../worker.process.js';
import type { RunOptions, RunResult, Workload } from '../workload.js';
import type { ClientsCalls } from './clients.worker.js';
import type { ServerCalls } from './server.worker.js';
import { CLIENT_SERVERS } from './servers/catalogue.js';

const CLIENTS = 1_000;
const PROCESSES = 2;
const BURST = 100;

interface Bursts {
  readonly deliveries: number;
  readonly busyMs: number;
  readonly lost: number;
  readonly latencies: LatencyHistogram;
}

/** One server, and its clients in two processes of their own. */
class Audience {
  constructor(
    private readonly server: WorkerProcess<ServerCalls>,
    private readonly clients: readonly WorkerProcess<ClientsCalls>[],
    private readonly size: number,
  ) {}

  /** One burst after the other, each when all clients have the one before. */
  async bursts(seconds: number): Promise<Bursts> {
    const latencies = new LatencyHistogram();
    const perProcess = (BURST * this.size) / PROCESSES;
    let busyMs = 0;
    let bursts = 0;
    let deliveries = 0;
    for (const endMs = nowMs() + seconds * 1_000; bursts === 0 || nowMs() < endMs; bursts++) {
      const startMs = await this.server.call('burst', BURST);
      const counts = (): Promise<number[]> => Promise.all(this.clients.map((each) => each.call('count')));
      await drained(perProcess, counts);
      deliveries += (await counts()).reduce((sum, count) => sum + count, 0);
      const received = await Promise.all(this.clients.map((each) => each.call('take')));
      for (const each of received) latencies.add(each.latencies);
      busyMs += Math.max(...received.map(({ lastMs }) => lastMs)) - startMs;
    }
    return { deliveries, busyMs, lost: bursts * BURST * this.size - deliveries, latencies };
  }
}

/** So many clients, an even number, at a server of the system. */
export async function measureClients(
  stage: Stage,
  system: string,
  size: number,
  { warmSeconds, seconds }: RunOptions,
): Promise<RunResult> {
  const server = stage.startWorker<ServerCalls>('clients/server.worker', 'server');
  const { url, greetings } = await server.call('start', system);
  const clients = Array.from({ length: PROCESSES }, () => stage.startOutsider<ClientsCalls>('clients/clients.worker'));
  await Promise.all(clients.map((each) => each.call('open', url, greetings, size / PROCESSES)));
  const audience = new Audience(server, clients, size);
  await audience.bursts(warmSeconds);
  const measurement = await Measurement.start(stage);
  const { deliveries, busyMs, lost, latencies } = await audience.bursts(seconds);
  const { cpuMs, rssMiB, foreignShare } = await measurement.end();
  const figures = {
    deliveredPerSecond: (deliveries * 1_000) / busyMs,
    cpuMsPer1000: (cpuMs * 1_000) / deliveries,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    rssMiB,
    lost,
  };
  return { figures, foreignShare };
}

/** Fan-out to clients: rate over all of them, CPU time and memory of the server alone. */
export const w4: Workload = {
  name: 'w4',
  title: `1 server, ${CLIENTS} WebSocket clients on one topic, bursts of ${BURST}`,
  seconds: 5,
  systems: CLIENT_SERVERS,
  run: (system, options) => onStage(options, (stage) => measureClients(stage, system, CLIENTS, options)),
};
