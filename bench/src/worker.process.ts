import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from './clock.adapter.js';
import type { Answer, Call, Calls } from './worker-calls.adapter.js';

const CALL_MS_MAX = 300_000;
const ERROR_OUTPUT_MAX = 2_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A process of its own that runs one of the worker modules and answers calls. */
export class WorkerProcess<Methods extends Calls> {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, Waiting>();
  #errorOutput = '';
  #calls = 0;

  /** `module` is relative to this folder, without `.js`. */
  constructor(private readonly module: string) {
    const path = fileURLToPath(new URL(`${module}.js`, import.meta.url));
    this.#child = fork(path, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.#child.on('message', (answer: Answer) => this.#answered(answer));
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errorOutput = (this.#errorOutput + text.toString()).slice(-ERROR_OUTPUT_MAX);
    });
    // Not 'exit': what it said last has been read by then.
    this.#child.on('close', () => this.#ended());
    this.#child.on('error', () => this.#ended());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Samples what it does from now on. */
  async startProfile(): Promise<void> {
    await this.#ask('startProfile', []);
  }

  /** Has it write what was sampled. */
  async endProfile(file: string): Promise<void> {
    await this.#ask('endProfile', [file]);
  }

  call<Name extends keyof Methods & string>(
    method: Name,
    ...parameters: Parameters<Methods[Name]>
  ): Promise<Awaited<ReturnType<Methods[Name]>>> {
    return this.#ask(method, parameters) as Promise<Awaited<ReturnType<Methods[Name]>>>;
  }

  #ask(method: string, parameters: readonly unknown[]): Promise<unknown> {
    const id = this.#calls++;
    const answered = new Promise<unknown>((resolve, reject) => {
      if (!this.#child.connected) return reject(this.#gone());
      this.#open.set(id, { resolve, reject });
      this.#child.send({ id, method, parameters } satisfies Call);
    });
    return within(CALL_MS_MAX, `${method} in ${this.module}`, answered);
  }

  #answered(answer: Answer): void {
    const call = this.#open.get(answer.id);
    this.#open.delete(answer.id);
    if ('error' in answer) call?.reject(new Error(answer.error));
    else call?.resolve(answer.result);
  }

  #ended(): void {
    for (const { reject } of this.#open.values()) reject(this.#gone());
    this.#open.clear();
  }

  #gone(): Error {
    return new Error(`a process of ${this.module} ended: ${this.#errorOutput.trim()}`);
  }
}
