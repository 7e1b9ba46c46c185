import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { eventually } from './eventually.js';
import { NodeClient } from './node-client.js';

/** What is run is what is shipped, or the build in another folder. */
const MAIN = resolve(process.env['GRAPEVINE_DIST'] ?? 'dist', 'main.js');
/** A node alone is ready in a second; several at once on a busy machine are not. */
const READY_TIMEOUT_MS = 120_000;

/** A real node in a process of its own, and what one does to it from outside. */
export class NodeProcess extends NodeClient {
  readonly #process: ChildProcess;
  readonly #exit: Promise<number | string>;
  #stdout = '';
  #stderr = '';

  private constructor(
    url: string,
    readonly environment: Readonly<Record<string, string>>,
    private readonly prefix: readonly string[],
  ) {
    super(url, environment['CLIENT_TOKEN']);
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    const [command, ...args] = [...prefix, process.execPath, MAIN];
    // With the channel a node ends when the tests end, however they end.
    this.#process = spawn(command ?? process.execPath, args, {
      env: { ...inherited, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#exit = once(this.#process, 'close').then(
      ([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown',
    );
  }

  /** Starts a node whose environment is exactly what is given, with `CLIENT_TOKEN` for us; a prefix is a command that becomes the node. */
  static launch(environment: Readonly<Record<string, string>>, prefix: readonly string[] = []): NodeProcess {
    const { HOST = '127.0.0.1', PORT = '8000' } = environment;
    return new NodeProcess(`http://${HOST}:${PORT}`, environment, prefix);
  }

  /** The same node again: its port, name and data folder. */
  again(changes: Readonly<Record<string, string>> = {}): NodeProcess {
    return NodeProcess.launch({ ...this.environment, ...changes }, this.prefix);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get name(): string {
    return this.environment['NODE_NAME'] ?? '';
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Exit code, or the signal that ended it. */
  get exited(): Promise<number | string> {
    return this.#exit;
  }

  get log(): string {
    return this.#stdout;
  }

  get complaints(): string {
    return this.#stderr;
  }

  async ready(): Promise<this> {
    const waited = eventually(async () => {
      if (!this.isRunning) return;
      const { status } = await this.get('/health/ready');
      if (status !== 200) throw new Error(`answered ${status}`);
    }, READY_TIMEOUT_MS);
    const problem = await waited.then(() => undefined).catch((error: Error) => error.message);
    if (problem !== undefined || !this.isRunning) {
      const state = this.isRunning ? `is not ready: ${problem}` : `ended with ${await this.#exit}`;
      throw new Error(`${this.name} ${state}\n${this.#stderr}${this.#stdout.slice(-4_000)}`);
    }
    return this;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it as a crash does, and waits until it is gone. */
  async crash(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exit;
  }

  /** Asks it to leave, and resolves with its exit code. */
  terminate(): Promise<number | string> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    return this.#exit;
  }
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
