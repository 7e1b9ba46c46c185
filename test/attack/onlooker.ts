import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeProcess } from '../e2e/node-process.js';
import type { Seen } from './onlooker-process.js';

/** A client that behaves, in a process of its own so that the attacker's work does not count as the victim's. */
export class Onlooker {
  private constructor(private readonly process: ChildProcess) {}

  static async start({ url, environment }: NodeProcess): Promise<Onlooker> {
    const process = fork(fileURLToPath(new URL('onlooker-process.ts', import.meta.url)), [
      url,
      environment['CLIENT_TOKEN'] ?? '',
    ]);
    await once(process, 'message');
    return new Onlooker(process);
  }

  async begin(): Promise<void> {
    await this.#ask();
  }

  /** What it saw since `begin`. */
  end(): Promise<Seen> {
    return this.#ask();
  }

  async measure(ms: number): Promise<Seen> {
    await this.begin();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.end();
  }

  stop(): void {
    this.process.kill();
  }

  async #ask(): Promise<Seen> {
    const answer = once(this.process, 'message');
    this.process.send('seen');
    const [seen] = (await answer) as [Seen];
    return seen;
  }
}
