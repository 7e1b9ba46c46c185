import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { freePorts } from './node-process.js';

const CLUSTER = resolve('dist/cli/cluster.js');
const SHOW_SUBSCRIBERS = resolve('dist/cli/show-subscribers.js');
/** On a machine that does nothing else it is a few seconds. */
const READY_WITHIN_MS = 60_000;

/** `npm run cluster` after the build, in a folder of its own. */
class ClusterCommand {
  readonly #process: ChildProcess;
  output = '';

  constructor(folder: string, ...args: string[]) {
    this.#process = spawn(process.execPath, [CLUSTER, ...args], { cwd: folder });
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  get lines(): string[] {
    return this.output.trim().split('\n');
  }

  async ready(): Promise<void> {
    await this.says(/All \d+ nodes are ready/);
  }

  async says(words: RegExp): Promise<void> {
    await eventually(() => expect(this.output).toMatch(words), READY_WITHIN_MS);
  }

  async interrupt(signal: 'SIGINT' | 'SIGTERM'): Promise<number | null> {
    this.#process.kill(signal);
    return this.exitCode();
  }

  async exitCode(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  destroy(): void {
    this.#process.kill('SIGTERM');
  }
}

async function showSubscribers(url: string): Promise<string> {
  return (await promisify(execFile)(process.execPath, [SHOW_SUBSCRIBERS, '--url', url])).stdout;
}

/** A port that is free, and the next three too. */
async function portForFour(): Promise<number> {
  return eventually(async () => {
    const [base = 0] = await freePorts(1);
    for (const port of [base + 1, base + 2, base + 3]) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      await once(server.close(), 'close');
    }
    return base;
  });
}

/** The process of a node, known by its data folder. */
async function pidOf(folder: string, name: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`DATA_DIR=${join(folder, '.cluster', name)}`)) return Number(pid);
  }
  throw new Error(`no process of node ${name}`);
}

describe('the command that runs a cluster on this machine', () => {
  let folder: string;
  let basePort: number;
  let command: ClusterCommand;
  let urls: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grapevine-cluster-'));
    basePort = await portForFour();
    urls = [0, 1, 2, 3].map((index) => `http://127.0.0.1:${basePort + index}`);
    command = new ClusterCommand(folder, '--base-port', String(basePort));
    await command.ready();
  });

  afterAll(async () => {
    command.destroy();
    await command.exitCode();
    await rm(folder, { recursive: true, force: true });
  });

  it('has four nodes ready in time and tells a line for each: address, dashboard and docs', () => {
    expect(command.lines.slice(0, 4).toSorted()).toEqual(
      ['A', 'B', 'C', 'D'].map(
        (name, index) => `${name} is ready  ${urls[index]}  dashboard ${urls[index]}/  docs ${urls[index]}/docs`,
      ),
    );
  });

  it('makes a map of topics and nodes that can be printed at any node', async () => {
    const table = "Topic -> Nodes\nchat: ['A', 'B', 'C', 'D']\nnews: ['B', 'C']\n";
    for (const url of urls) await eventually(async () => expect(await showSubscribers(url)).toBe(table), 5_000);
  });

  it('has the map follow a change at any node within a second', async () => {
    const change = async (path: string): Promise<Response> =>
      fetch(`${urls[3]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ topic: 'news' }),
      });
    await change('/subscribe');
    await eventually(
      async () => expect(await showSubscribers(urls[0] ?? '')).toContain("news: ['B', 'C', 'D']"),
      1_000,
    );
    await change('/unsubscribe');
    await eventually(async () => expect(await showSubscribers(urls[0] ?? '')).toContain("news: ['B', 'C']"), 1_000);
  });

  it('tells how a node that was killed is started again, and that command does so', async () => {
    const { node } = (await (await fetch(`${urls[3]}/status`)).json()) as { node: { id: string } };
    process.kill(await pidOf(folder, 'D'), 'SIGKILL');
    await command.says(/D ended with signal SIGKILL; .* Start it again: npm run cluster -- --base-port \d+ --only D\n/);
    const again = /Start it again: npm run cluster -- (.*)\n/.exec(command.output)?.[1] ?? '';
    const alone = new ClusterCommand(folder, ...again.split(' '));
    await alone.says(/D is ready .*\n/);
    const answer = (await (await fetch(`${urls[3]}/status`)).json()) as { node: { id: string } };
    expect(answer.node.id).toBe(node.id);
    expect(await alone.interrupt('SIGINT')).toBe(0);
  });

  it('drains and stops all when told, and keeps secret and history for the next run', async () => {
    const secretFile = join(folder, '.cluster', 'secret');
    const secret = await readFile(secretFile, 'utf8');
    const { status } = await fetch(`${urls[0]}/publish?ack=all`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 'chat', message: 'before' }),
    });
    expect(status).toBe(200);
    expect(await command.interrupt('SIGINT')).toBe(0);
    for (const url of urls) await expect(fetch(`${url}/status`)).rejects.toThrow('fetch failed');

    command = new ClusterCommand(folder, '--base-port', String(basePort));
    await command.ready();
    expect(await readFile(secretFile, 'utf8')).toBe(secret);
    // Who was killed in the test before may have been away when it was published: it fetches it.
    await eventually(async () => {
      for (const url of urls) {
        const answer = await fetch(`${url}/messages?topic=chat`);
        const { items } = (await answer.json()) as { items: { message: unknown }[] };
        expect(items.map((item) => item.message)).toEqual(['before']);
      }
    }, 5_000);
    const second = new ClusterCommand(folder, '--base-port', String(basePort));
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toMatch(/is in use/);
    expect(await command.interrupt('SIGTERM')).toBe(0);
  });
});
