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
  readonly start: (server: WorkerProcess<HttpCalls>) => Promise<string>;
}

const startGrapevine: Endpoint['start'] = (server) => server.call('startGrapevine', 'server', []);
const startNest: Endpoint['start'] = (server) => server.call('startNest');

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  grapevine: { start: startGrapevine, path: '/publish', perRequest: 1 },
  'grapevine-128': { start: startGrapevine, path: '/publish', perRequest: BATCH },
  'nest-rest': { start: startNest, path: '/publish', perRequest: 1 },
  'nest-rest-128': { start: startNest, path: '/publish-many', perRequest: BATCH },
};

async function measure(stage: Stage, system: string, { warmSeconds, seconds }: RunOptions): Promise<RunResult> {
  const endpoint = ENDPOINTS[system];
  if (endpoint === undefined) throw new Error(`There is no endpoint ${system}.`);
  const url = `${await endpoint.start(stage.startWorker<HttpCalls>('http/http.worker'))}${endpoint.path}`;
  const body = bodyOf(endpoint.perRequest);
  const load = stage.startOutsider<LoadCalls>('http/load.worker');
  await load.call('load', url, body, warmSeconds);
  const measurement = new Measurement(stage);
  const { accepted, refused, elapsedMs, p50Ms, p99Ms } = await load.call('load', url, body, seconds);
  const { cpuMs, rssMiB, foreignShare } = measurement.end();
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
  title: `1 server, publishes by REST, one and ${BATCH} per request`,
  seconds: 5,
  systems: Object.keys(ENDPOINTS),
  run: (system, options) => onStage(options.warmSeconds + options.seconds, (stage) => measure(stage, system, options)),
};
