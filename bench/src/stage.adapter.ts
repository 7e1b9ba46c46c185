import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pause, within } from './clock.adapter.js';
import { endProcesses, endWithUs, removeFolders, removeWithUs } from './live-processes.adapter.js';
import { usageOf, type Usage } from './process-usage.adapter.js';
import type { Calls } from './worker-calls.adapter.js';
import { WorkerProcess } from './worker.process.js';
import type { RunOptions } from './workload.js';

const SERVER_START_MS_MAX = 10_000;

/** Longest that starting, warming up and draining may add to the measured part of a run. */
const RUN_EXTRA_MS_MAX = 120_000;

type Profiled = Pick<WorkerProcess<Calls>, 'startProfile' | 'endProfile'>;

/** A server program of a peer, and where it listens. */
export interface ServerCommand {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly port: number;
}

/** All that one run starts; nothing of it outlives `close`. */
export class Stage {
  readonly #measured = new Set<number>();
  readonly #others = new Set<number>();
  readonly #folders = new Set<string>();
  readonly #profiled = new Map<string, Profiled>();

  /** `profile` begins the paths that profiles go to. */
  constructor(private readonly profile: string | undefined) {}

  /** A worker that is part of the system: its CPU time and memory count. The first of a role is what is profiled, if asked for. */
  startWorker<Methods extends Calls>(module: string, role?: string): WorkerProcess<Methods> {
    const worker = this.#started<Methods>(module, this.#measured);
    if (role !== undefined && !this.#profiled.has(role)) this.#profiled.set(role, worker);
    return worker;
  }

  /** A worker that only makes load or listens. */
  startOutsider<Methods extends Calls>(module: string): WorkerProcess<Methods> {
    return this.#started(module, this.#others);
  }

  /** Starts a peer's server and resolves when it listens. */
  async startServer({ command, parameters, port }: ServerCommand): Promise<void> {
    const server = spawn(command, parameters, { stdio: 'ignore' });
    await once(server, 'spawn');
    this.#own(server, this.#measured);
    const deadline = performance.now() + SERVER_START_MS_MAX;
    while (!(await isListening(port))) {
      if (server.exitCode !== null) throw new Error(`${command} ended with ${server.exitCode}`);
      if (performance.now() > deadline) throw new Error(`${command} does not listen`);
      await pause(20);
    }
  }

  makeFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'grapevine-bench-'));
    this.#folders.add(folder);
    removeWithUs(folder);
    return folder;
  }

  /** Its path, in a folder of its own. */
  writeFile(name: string, text: string): string {
    const path = join(this.makeFolder(), name);
    writeFileSync(path, text);
    return path;
  }

  /** What the system has used so far. */
  usage(): Usage {
    return usageOf(this.#measured);
  }

  /** What all that was started, and this process, have used so far. */
  usageOfAll(): Usage {
    return usageOf([process.pid, ...this.#measured, ...this.#others]);
  }

  async startProfiles(): Promise<void> {
    if (this.profile === undefined) return;
    await Promise.all([...this.#profiled.values()].map((worker) => worker.startProfile()));
  }

  /** Writes and draws what was sampled in each role. */
  async endProfiles(): Promise<void> {
    if (this.profile === undefined) return;
    const { writeFlame } = await import('./profile/write-flame.adapter.js');
    mkdirSync(dirname(this.profile), { recursive: true });
    const files = new Map([...this.#profiled].map(([role, worker]) => [`${this.profile}-${role}.cpuprofile`, worker]));
    await Promise.all([...files].map(([file, worker]) => worker.endProfile(file)));
    for (const file of files.keys()) await writeFlame(file);
  }

  close(): void {
    endProcesses([...this.#measured, ...this.#others]);
    removeFolders(this.#folders);
  }

  #started<Methods extends Calls>(module: string, group: Set<number>): WorkerProcess<Methods> {
    const worker = new WorkerProcess<Methods>(module);
    this.#own(worker, group);
    return worker;
  }

  #own({ pid }: Pick<ChildProcess, 'pid'>, group: Set<number>): void {
    if (pid === undefined || pid === 0) throw new Error('a process could not be started');
    group.add(pid);
    endWithUs(pid);
  }
}

/** Runs on a stage of its own that is closed whatever comes, at the latest some time after what the options and `secondsMore` take. */
export async function onStage<Result>(
  { warmSeconds, seconds, profile }: RunOptions,
  run: (stage: Stage) => Promise<Result>,
  secondsMore = 0,
): Promise<Result> {
  const stage = new Stage(profile);
  try {
    return await within(RUN_EXTRA_MS_MAX + (warmSeconds + seconds + secondsMore) * 1_000, 'the run', run(stage));
  } finally {
    stage.close();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
