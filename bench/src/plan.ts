import type { Request } from './command-line.js';
import { isOwn } from './comparison.js';
import type { Workload } from './workload.js';

const WARM_SECONDS = 3;

/** Which systems run which workload, how often, and for how long. */
export interface Plan {
  readonly workload: Workload;
  readonly systems: readonly string[];
  readonly repetitions: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  /** Where profiles of our processes go; undefined: none are taken. */
  readonly profileFolder?: string | undefined;
  /** What does the same again. */
  readonly command: string;
}

/** What the smoke bench runs: the least of each kind of work, with nothing that npm does not have. */
const SMOKE: Readonly<Record<string, readonly string[]>> = {
  w1: ['grapevine', 'ws'],
  w2: ['grapevine', 'ws'],
  w4: ['grapevine-batched', 'socketio'],
  w5: ['grapevine', 'nest-rest'],
};
const SMOKE_SECONDS = 2;
const SMOKE_WARM_SECONDS = 1;

/** The smoke bench: whether the bench works, and ratios that say something of large changes only. */
export function smokePlans(workloads: readonly Workload[]): Plan[] {
  return workloads.flatMap((workload) => {
    const systems = SMOKE[workload.name];
    if (systems === undefined) return [];
    const lengths = { repetitions: 1, seconds: SMOKE_SECONDS, warmSeconds: SMOKE_WARM_SECONDS };
    return [{ workload, systems, ...lengths, command: 'npm run bench -- smoke' }];
  });
}

/** What was asked for; throws when a workload is not known, or a peer is in none. */
export function plansOf(workloads: readonly Workload[], request: Request): Plan[] {
  const { what, peers = [], repetitions, profileFolder } = request;
  if (what.length === 0) throw new Error('say which workload');
  const stranger = peers.find((peer) => !workloads.some(({ systems }) => systems.includes(peer)));
  if (stranger !== undefined) throw new Error(`there is no peer ${stranger}`);
  return what.map((asked) => {
    const workload = workloads.find(({ name }) => name === asked);
    if (workload === undefined) throw new Error(`there is no workload ${asked}`);
    const seconds = request.seconds ?? workload.seconds;
    const warmSeconds = Math.min(WARM_SECONDS, seconds);
    const systems = systemsOf(workload, request);
    if (systems.length === 0) throw new Error(`${asked} has none of these sizes`);
    return {
      workload,
      systems,
      repetitions,
      seconds,
      warmSeconds,
      profileFolder,
      command: commandOf(workload, request),
    };
  });
}

/** Ours and the peers that were asked for; all peers where none of those takes part. */
function systemsOf({ systems, axis }: Workload, { peers = [], sizes }: Request): string[] {
  const isAsked = (name: string): boolean => peers.some((peer) => name === peer || name === `${peer}-128`);
  const isOfSize = (name: string): boolean =>
    sizes === undefined || axis === undefined || sizes.includes(axis.sizes[name] ?? 0);
  return systems.filter((name) => isOfSize(name) && (isOwn(name) || isAsked(name) || !systems.some(isAsked)));
}

function commandOf({ name }: Workload, { peers, sizes, repetitions, seconds, profileFolder }: Request): string {
  const options = [
    ...(peers === undefined ? [] : ['--peers', peers.join(',')]),
    ...(sizes === undefined ? [] : ['--sizes', sizes.join(',')]),
    '--repetitions',
    `${repetitions}`,
    ...(seconds === undefined ? [] : ['--seconds', `${seconds}`]),
    ...(profileFolder === undefined ? [] : ['--profile', profileFolder]),
  ];
  return ['npm run bench --', name, ...options].join(' ');
}
