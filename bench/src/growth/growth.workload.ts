import { measureClients } from '../clients/clients.workload.js';
import { nowMs } from '../clock.adapter.js';
import { drained } from '../drained.adapter.js';
import { Measurement, type Cost } from '../measurement.adapter.js';
import { onStage, type Stage } from '../stage.adapter.js';
import type { WorkerProcess } from '../worker.process.js';
import type { Figures, RunOptions, RunResult, Workload } from '../workload.js';
import type { Flood, Flooded, GrowthCalls } from './growth.worker.js';

type Node = WorkerProcess<GrowthCalls>;

const PAYLOAD_BYTES = 256;
const MIB = 2 ** 20;
const PROCESSES_MAX = 16;
const RECEIVERS = 3;
const FILL_SECONDS = 20;
const HISTORY_PAYLOAD_BYTES = 4_096;
/** Least that filling and catching up must achieve, or the run is given up. */
const MIB_PER_SECOND_MIN = 4;

/** The same of what is set up before. */
const PER_SECOND_MIN = { subscriptions: 500, clients: 20 };

/** The same work at growing sizes of one thing. */
interface Curve {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly secondsMore?: (size: number) => number;
  measure(stage: Stage, size: number, options: RunOptions): Promise<RunResult>;
}

const CURVES: readonly Curve[] = [
  {
    name: 'growth-payload',
    title: '4 nodes, one publishes flat out; bytes of a message',
    unit: 'bytes',
    sizes: [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144],
    measure: (stage, bytes, options) => flood(stage, RECEIVERS, { topics: 1, bytes }, options),
  },
  {
    name: 'growth-nodes',
    title: 'one publishes flat out; nodes, up to 16 each a process, beyond that two in one',
    unit: 'nodes',
    sizes: [2, 4, 8, 16, 32],
    measure: (stage, nodes, options) => flood(stage, nodes - 1, { topics: 1, bytes: PAYLOAD_BYTES }, options),
  },
  {
    name: 'growth-topics',
    title: '4 nodes, one publishes flat out; topics in turn',
    unit: 'topics',
    sizes: [1, 10, 100, 1_000, 10_000, 100_000],
    measure: (stage, topics, options) => flood(stage, RECEIVERS, { topics, bytes: PAYLOAD_BYTES }, options),
  },
  {
    name: 'growth-subscriptions',
    title:
      '4 nodes, one publishes flat out; subscriptions of each receiver, to up to 8,192 patterns, one of which matches',
    unit: 'subscriptions',
    sizes: [1, 10, 100, 1_000, 10_000, 100_000],
    secondsMore: (subscriptions) => subscriptions / PER_SECOND_MIN.subscriptions,
    measure: (stage, subscriptions, options) =>
      flood(stage, RECEIVERS, { topics: 1, bytes: PAYLOAD_BYTES }, options, subscriptions - 1),
  },
  {
    name: 'growth-history',
    title: 'a node with history starts, and a new one fetches it; MiB of history',
    unit: 'MiB',
    sizes: [16, 64, 256, 1_024, 10_240],
    secondsMore: (mebibytes) => (3 * mebibytes) / MIB_PER_SECOND_MIN,
    measure: (stage, mebibytes) => catchUp(stage, mebibytes * MIB),
  },
  {
    name: 'growth-clients',
    title: 'one server, bursts of 100 messages; WebSocket clients',
    unit: 'clients',
    sizes: [10, 100, 1_000, 5_000],
    secondsMore: (clients) => clients / PER_SECOND_MIN.clients,
    measure: (stage, clients, options) => measureClients(stage, 'grapevine-batched', clients, options),
  },
];

/** How figures grow with one thing; the size stands in the system's name. */
export const GROWTH: readonly Workload[] = CURVES.map(({ name, title, unit, sizes, secondsMore, measure }) => {
  const systems = new Map(sizes.map((size) => [`grapevine-${size}`, size]));
  return {
    name,
    title,
    seconds: 5,
    systems: [...systems.keys()],
    axis: { unit, sizes: Object.fromEntries(systems) },
    run: (system, options) => {
      const size = systems.get(system);
      if (size === undefined) throw new Error(`There is no size ${system}.`);
      return onStage(options, (stage) => measure(stage, size, options), secondsMore?.(size));
    },
  };
});

async function flood(
  stage: Stage,
  receivers: number,
  what: Pick<Flood, 'topics' | 'bytes'>,
  { warmSeconds, seconds }: RunOptions,
  otherSubscriptions = 0,
): Promise<RunResult> {
  const publisher = stage.startWorker<GrowthCalls>('growth/growth.worker', 'publisher');
  const urls = [(await publisher.call('start', { name: 'publisher', peers: [] })).url];
  const listening: Node[] = [];
  for (let index = 0; index < Math.min(receivers, PROCESSES_MAX - 1); index++) {
    listening.push(stage.startWorker<GrowthCalls>('growth/growth.worker', 'receiver'));
  }
  for (let index = 0; index < receivers; index++) {
    const worker = listening[index % listening.length];
    if (worker === undefined) throw new Error('there is no receiver');
    urls.push((await worker.call('start', { name: `receiver-${index}`, peers: urls })).url);
  }
  await Promise.all(listening.map((worker) => worker.call('subscribe', ['bench.>'])));
  if (otherSubscriptions > 0) {
    await Promise.all(listening.map((worker) => worker.call('subscribeOthers', otherSubscriptions)));
  }
  const shares = listening.map((_, index) => Math.ceil((receivers - index) / listening.length));
  const publish = async (forSeconds: number): Promise<Flooded & { readonly counts: readonly number[] }> => {
    const before = await countsOf(listening);
    const flooded = await publisher.call('flood', { ...what, seconds: forSeconds });
    const perNode = async (): Promise<number[]> =>
      (await countsOf(listening)).map((count, index) => (count - (before[index] ?? 0)) / (shares[index] ?? 1));
    await drained(flooded.sent, perNode);
    return { ...flooded, counts: await perNode() };
  };
  await publish(warmSeconds);
  const measurement = await Measurement.start(stage);
  const { sent, startMs, counts } = await publish(seconds);
  const cost = await measurement.end();
  const lastMs = Math.max(
    ...(await Promise.all(listening.map((worker) => worker.call('received')))).map((its) => its.lastMs),
  );
  const deliveries = counts.reduce((sum, count, index) => sum + count * (shares[index] ?? 1), 0);
  const figures = {
    deliveredPerSecond: (Math.min(...counts) * 1_000) / (lastMs - startMs),
    cpuMsPer1000: (cost.cpuMs * 1_000) / deliveries,
    rssMiB: cost.rssMiB,
    lost: sent * receivers - deliveries,
  };
  return { figures, foreignShare: cost.foreignShare };
}

/** Fills a log, starts a node on it again, and has another one fetch all of it. */
async function catchUp(stage: Stage, bytes: number): Promise<RunResult> {
  const history = { name: 'holder', peers: [], folder: stage.makeFolder(), history: bytes };
  const writer = stage.startWorker<GrowthCalls>('growth/growth.worker');
  await writer.call('start', history);
  await writer.call('subscribe', ['bench.>']);
  let messages = 0;
  for (let bytesLeft = bytes; bytesLeft > 0;) {
    const what = { topics: 1, bytes: HISTORY_PAYLOAD_BYTES, seconds: FILL_SECONDS, bytesInAll: bytesLeft };
    const flooded = await writer.call('flood', what);
    messages += flooded.sent;
    ({ bytesLeft } = flooded);
  }
  await writer.call('close');
  const holder = stage.startWorker<GrowthCalls>('growth/growth.worker', 'holder');
  const { url, readyMs } = await holder.call('start', history);
  const newcomer = stage.startWorker<GrowthCalls>('growth/growth.worker', 'newcomer');
  await newcomer.call('start', { name: 'newcomer', peers: [url], folder: stage.makeFolder(), history: bytes });
  const measurement = await Measurement.start(stage);
  const startMs = nowMs();
  await newcomer.call('subscribe', ['bench.>'], 'retained');
  await drained(messages, () => countsOf([newcomer]));
  const { count, lastMs } = await newcomer.call('received');
  const cost: Cost = await measurement.end();
  const figures: Figures = {
    readyMs,
    deliveredPerSecond: (count * 1_000) / (lastMs - startMs),
    cpuMsPer1000: (cost.cpuMs * 1_000) / count,
    rssMiB: cost.rssMiB,
    lost: messages - count,
  };
  return { figures, foreignShare: cost.foreignShare };
}

async function countsOf(workers: readonly Node[]): Promise<number[]> {
  return (await Promise.all(workers.map((worker) => worker.call('received')))).map(({ count }) => count);
}
