import { Measurement } from '../measurement.adapter.js';
import { PAYLOAD_BYTES } from '../payload.js';
import { onStage, type Stage } from '../stage.adapter.js';
import type { WorkerProcess } from '../worker.process.js';
import type { RunOptions, RunResult, Workload } from '../workload.js';
import type { HttpCalls } from './http.worker.js';
import type { LoadCalls } from './load.worker.js';
import { randomBytes } from 'node:crypto';

const BATCH = 128;

interface Endpoint {
  readonly path: string;
  readonly perRequest: number;
  readonly load: 'http/load.worker' | 'http/socket-load.worker';
  readonly start: (stage: Stage) => Promise<string>;
}

const RECEIVERS = 3;
const HTTP = { path: '/publish', load: 'http/load.worker' } as const;

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  grapevine: { ...HTTP, start: startGrapevine, perRequest: 1 },
  'grapevine-128': { ...HTTP, start: startGrapevine, perRequest: BATCH },
  'grapevine-receivers': { ...HTTP, start: startWithReceivers, perRequest: 1 },
  'grapevine-receivers-128': { ...HTTP, start: startWithReceivers, perRequest: BATCH },
  'grapevine-socket-128': { path: '', load: 'http/socket-load.worker', start: startGrapevine, perRequest: BATCH },
  'nest-rest': { ...HTTP, start: startNest, perRequest: 1 },
  'nest-rest-128': { ...HTTP, start: startNest, path: '/publish-many', perRequest: BATCH },
};

function startGrapevine(stage: Stage): Promise<string> {
  return startServer(stage).call('startGrapevine', 'server', []);
}

/** Three more nodes get what is published; they count as parts of the server. */
async function startWithReceivers(stage: Stage): Promise<string> {
  const url = await startGrapevine(stage);
  for (let index = 0; index < RECEIVERS; index++) {
    const receiver = await startServer(stage, 'receiver').call('startGrapevine', `receiver-${index}`, [url]);
    await fetch(`${receiver}/subscribe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 'bench' }),
    });
  }
  return url;
}

function startNest(stage: Stage): Promise<string> {
  return startServer(stage).call('startNest');
}

function startServer(stage: Stage, role = 'server'): WorkerProcess<HttpCalls> {
  return stage.startWorker<HttpCalls>('http/http.worker', role);
}

async function measure(stage: Stage, system: string, { warmSeconds, seconds }: RunOptions): Promise<RunResult> {
  const endpoint = ENDPOINTS[system];
  if (endpoint === undefined) throw new Error(`There is no endpoint ${system}.`);
  const url = `${await endpoint.start(stage)}${endpoint.path}`;
  const body = bodyOf(endpoint.perRequest);
  const load = stage.startOutsider<LoadCalls>(endpoint.load);
  await load.call('load', url, body, warmSeconds);
  const measurement = await Measurement.start(stage);
  const { accepted, refused, elapsedMs, p50Ms, p99Ms } = await load.call('load', url, body, seconds);
  const { cpuMs, rssMiB, foreignShare } = await measurement.end();
  const messages = accepted * endpoint.perRequest;
  const figures = {
    deliveredPerSecond: (messages * 1_000) / elapsedMs,
    cpuMsPer1000: (cpuMs * 1_000) / messages,
    p50Ms,
    p99Ms,
    rssMiB,
    lost: refused * endpoint.perRequest,
  };
  return { figures, foreignShare };
}

function bodyOf(perRequest: number): string {
  const messages = Array.from({ length: perRequest }, () => ({
    topic: 'bench',
    message: randomBytes(PAYLOAD_BYTES).toString('base64').slice(0, PAYLOAD_BYTES),
  }));
  return JSON.stringify(perRequest === 1 ? messages[0] : messages);
}

/** Publishing by REST: accepted messages per second, CPU time and memory of the server alone. */
export const w5: Workload = {
  name: 'w5',
  title: `1 server, publishes by REST, one and ${BATCH} per request, and ${BATCH} per event of a client's socket`,
  seconds: 5,
  systems: Object.keys(ENDPOINTS),
  run: (system, options) => onStage(options, (stage) => measure(stage, system, options)),
};
