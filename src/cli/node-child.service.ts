import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { NodePlan } from './cluster-plan.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 15_000;

/** One node of a local cluster as a child process; its output goes to `<data folder>.log`. */
export class NodeChild {
  readonly #process: ChildProcess;
  readonly #exited: Promise<string>;
  #complaints = '';
  #isListening = false;
  #hasExited = false;

  constructor(readonly plan: NodePlan) {
    // A process group of its own: Ctrl-C in the terminal reaches this program alone, which then stops all in order.
    // The channel tells the node when this program is gone, however it ended.
    this.#process = spawn(process.execPath, [MAIN], {
      detached: true,
      env: { ...process.env, ...plan.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.once('message', () => (this.#isListening = true));
    const log = createWriteStream(`${plan.dataDir}.log`, { flags: 'a', mode: 0o600 });
    this.#process.stdout?.pipe(log);
    this.#process.stderr?.pipe(log, { end: false });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-2_000);
    });
    this.#exited = once(this.#process, 'exit').then(([code, signal]: (number | string | null)[]) => {
      this.#hasExited = true;
      return signal === null ? `exit code ${code}` : `signal ${signal}`;
    });
  }

  /** How the process ended, once it has: `exit code 1` or `signal SIGKILL`. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** The last of what the node wrote to its standard error. */
  get complaints(): string {
    return this.#complaints.trim();
  }

  /** Resolves when the node says that it is ready; rejects when it ended or takes too long. */
  async ready(): Promise<void> {
    const givenUpAtMs = performance.now() + READY_TIMEOUT_MS;
    while (!this.#hasExited && performance.now() < givenUpAtMs) {
      // Another program on the same port could answer as well.
      if (this.#isListening && (await isReady(this.plan.url))) return;
      await Promise.race([sleep(READY_POLL_MS), this.#exited]);
    }
    const why = this.#hasExited ? `ended with ${await this.#exited}` : `was not ready in ${READY_TIMEOUT_MS / 1000} s`;
    throw new Error(`${this.plan.name} ${why}${this.complaints === '' ? '' : `: ${this.complaints}`}`);
  }

  /** Lets the node drain and leave; ends it the hard way when it takes too long. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    const isStopped = this.#exited.then(() => true);
    if (await Promise.race([isStopped, sleep(STOP_TIMEOUT_MS, false, { ref: false })])) return;
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
