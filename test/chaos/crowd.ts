import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a crowd is told. */
export type CrowdOrder =
  | { readonly do: 'connect'; readonly urls: readonly string[]; readonly perSecond: number }
  | { readonly do: 'last-resort'; readonly url: string }
  | { readonly do: 'report' };

/** How a crowd is. */
export interface CrowdReport {
  readonly connected: number;
  /** Clients that lost their node, found another and were told that nothing is missing. */
  readonly recovered: number;
  /** Messages that came twice, out of order or not at all, to any of them. */
  readonly wrong: number;
  /** The smallest number of messages that one of them got. */
  readonly receivedMin: number;
}

/** Thousands of Socket.IO clients in a process of their own. */
export class Crowd {
  readonly #process: ChildProcess;

  constructor(clients: number) {
    this.#process = fork(new URL('crowd.worker.ts', import.meta.url), [String(clients)]);
  }

  /** Connects all anew to these nodes, so many in a second; resolves when all are subscribed. */
  async connect(urls: readonly string[], perSecond: number): Promise<void> {
    await this.#ask({ do: 'connect', urls, perSecond });
  }

  /** Where all go, at once, when they lose their node. */
  async lastResort(url: string): Promise<void> {
    await this.#ask({ do: 'last-resort', url });
  }

  report(): Promise<CrowdReport> {
    return this.#ask({ do: 'report' }) as Promise<CrowdReport>;
  }

  close(): void {
    this.#process.kill();
  }

  async #ask(order: CrowdOrder): Promise<unknown> {
    this.#process.send(order);
    const [answer] = (await once(this.#process, 'message')) as [unknown];
    return answer;
  }
}
