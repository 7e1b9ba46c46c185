import { pause } from '../clock.adapter.js';
import { Measurement } from '../measurement.adapter.js';
import { metricOf } from '../node-metrics.adapter.js';
import { onStage, type Stage } from '../stage.adapter.js';
import type { Figures, RunOptions, RunResult, Workload } from '../workload.js';
import type { HttpCalls } from './http.worker.js';

const NODES = 4;
const SENT_BYTES = 'grapevine_link_bytes_sent_total';

/** Starts what is idle; a way to ask how many bytes all have sent, where there are links. */
const STARTS: Readonly<
  Record<string, (stage: Stage) => Promise<{ nodes: number; sentBytes?: () => Promise<number> }>>
> = {
  async grapevine(stage) {
    const urls: string[] = [];
    for (let index = 0; index < NODES; index++) {
      const worker = stage.startWorker<HttpCalls>('http/http.worker', 'node');
      urls.push(await worker.call('startGrapevine', `node-${index}`, urls));
    }
    return {
      nodes: NODES,
      sentBytes: async () => sum(await Promise.all(urls.map((url) => metricOf(url, SENT_BYTES)))),
    };
  },
  async 'nest-rest'(stage) {
    await stage.startWorker<HttpCalls>('http/http.worker', 'node').call('startNest');
    return { nodes: 1 };
  },
};

async function measure(stage: Stage, system: string, { warmSeconds, seconds }: RunOptions): Promise<RunResult> {
  const start = STARTS[system];
  if (start === undefined) throw new Error(`There is no server ${system}.`);
  const { nodes, sentBytes } = await start(stage);
  await pause(warmSeconds * 1_000);
  const sentBefore = await sentBytes?.();
  const measurement = await Measurement.start(stage);
  await pause(seconds * 1_000);
  const { cpuMs, elapsedMs, rssMiB, foreignShare } = await measurement.end();
  const sentAfter = await sentBytes?.();
  let figures: Figures = { idleCpuPercent: (cpuMs * 100) / (elapsedMs * nodes), rssMiB: rssMiB / nodes };
  if (sentBefore !== undefined && sentAfter !== undefined) {
    const linkEnds = nodes * (nodes - 1);
    figures = { ...figures, idleBytesPerSecond: ((sentAfter - sentBefore) * 1_000) / (elapsedMs * linkEnds) };
  }
  return { figures, foreignShare };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What a node costs that has nothing to do, beside a bare Nest application with the same interfaces. */
export const idle: Workload = {
  name: 'idle',
  title: `${NODES} nodes that have nothing to do; per node`,
  seconds: 10,
  systems: Object.keys(STARTS),
  run: (system, options) => onStage(options, (stage) => measure(stage, system, options)),
};
