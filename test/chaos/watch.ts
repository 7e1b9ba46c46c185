import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeProcess } from '../e2e/node-process.js';
import { verdictOf, type Verdict } from './invariants.js';

/** Somebody's state in somebody's eyes, at the moment when it changed there. */
export interface Sighting {
  readonly atMs: number;
  readonly by: string;
  readonly peer: string;
  readonly peerId: string;
  readonly state: string;
}

/** One process of a node, from its start to its end. */
interface Life {
  readonly node: NodeProcess;
  isExitWanted: boolean;
  baseMiB: number;
  peakMiB: number;
}

const LOOK_EVERY_MS = 200;
const KIB_PER_MIB = 1_024;
/** What nobody caught, in the words of Node.js and of the log. */
const UNCAUGHT = /uncaught|unhandled/i;

/** Looks at the nodes from outside, as an operator's monitoring does, and remembers. */
export class Watch {
  readonly sightings: Sighting[] = [];
  /** When a node said that its cluster is degraded. */
  readonly degraded = new Set<string>();
  readonly #lives: Life[] = [];
  readonly #last = new Map<string, string>();
  readonly #delaysMs = new Map<string, number>();
  #isLooking = false;
  #loop: Promise<unknown> = Promise.resolve();

  constructor(private readonly nodes: () => readonly NodeProcess[]) {}

  /** From now on the process of a node is watched. */
  follow(node: NodeProcess): void {
    this.#lives.push({ node, isExitWanted: false, baseMiB: 0, peakMiB: 0 });
  }

  /** What the processes need when nothing happens; the delay of their loops is measured from now on. */
  async takeBase(): Promise<void> {
    for (const life of this.#lives) life.baseMiB = memoryMiB(life.node.pid);
    await Promise.all(this.nodes().map((node) => this.#delayMs(node)));
  }

  /** A node that was just started has its life before it served anybody behind it: its delay counts from now on. */
  async serves(node: NodeProcess): Promise<void> {
    await this.#delayMs(node);
  }

  start(): void {
    this.#isLooking = true;
    this.#loop = this.#look();
  }

  async stop(): Promise<void> {
    this.#isLooking = false;
    await this.#loop;
  }

  /** The end of this process is the case's own doing. */
  async expectExit(node: NodeProcess): Promise<void> {
    const life = this.#lives.findLast((each) => each.node === node);
    if (life !== undefined) life.isExitWanted = true;
    await this.#noteDelay(node);
  }

  /** When somebody saw a node in a state first, after a moment. */
  firstSeen(wanted: { by?: string; peer: string; state: string; sinceMs: number }): Sighting | undefined {
    const { by, peer, state, sinceMs } = wanted;
    return this.sightings.find(
      (each) =>
        each.peer === peer && each.state === state && each.atMs >= sinceMs && (by === undefined || each.by === by),
    );
  }

  /** All who were taken for dead, but for those who may have been. */
  deaths(isTrue: (sighting: Sighting) => boolean = () => false): Sighting[] {
    return this.sightings.filter((each) => each.state === 'dead' && !isTrue(each));
  }

  /** I5: nobody ended who should not, nothing was thrown that nobody caught, nothing was written to standard error. */
  noExits(): Verdict {
    return verdictOf(
      this.#lives.flatMap(({ node, isExitWanted }) => [
        ...(node.isRunning || isExitWanted ? [] : [`${node.name} ended`]),
        ...node.log
          .split('\n')
          .filter((line) => UNCAUGHT.test(line))
          .map((line) => `${node.name}: ${line}`),
        ...(node.complaints === '' ? [] : [`${node.name}: ${node.complaints.trim().split('\n')[0]}`]),
      ]),
      '0',
    );
  }

  /** I6: no process needs more than it did at rest and the bound above it. */
  memoryIsBounded(boundMiB: number): Verdict {
    const growthMiB = Math.max(...this.#lives.map(({ baseMiB, peakMiB }) => peakMiB - baseMiB));
    return { isMet: growthMiB <= boundMiB, figure: `+${Math.round(growthMiB)} MiB` };
  }

  /** I7: the loop of no node is late by more than this, 99 times of 100. */
  async loopIsFree(boundMs: number): Promise<Verdict> {
    await Promise.all(this.nodes().map((node) => this.#noteDelay(node)));
    const worstMs = Math.max(...this.#delaysMs.values());
    return { isMet: worstMs < boundMs, figure: `${Math.round(worstMs)} ms` };
  }

  /** Memory that a node's process has for itself now; mapped files are not its own. */
  memoryMiB(node: NodeProcess): number {
    return memoryMiB(node.pid);
  }

  async #look(): Promise<void> {
    while (this.#isLooking) {
      for (const life of this.#lives) {
        const nowMiB = memoryMiB(life.node.pid);
        // A process that was restarted has as its base what its first minute of peace would show.
        if (life.baseMiB === 0)
          life.baseMiB = this.#lives.find(({ node }) => node.name === life.node.name)?.baseMiB ?? 0;
        life.peakMiB = Math.max(life.peakMiB, nowMiB);
      }
      await Promise.all([...this.nodes().map((node) => this.#lookAt(node)), sleep(LOOK_EVERY_MS)]);
    }
  }

  async #lookAt(node: NodeProcess): Promise<void> {
    // One that is stopped or blocked does not answer, and must not keep the others from being looked at.
    const status = await Promise.race([node.status().catch(() => undefined), sleep(LOOK_EVERY_MS * 2)]);
    if (status?.peers === undefined) return;
    if (status.cluster.state === 'degraded') this.degraded.add(node.name);
    for (const { id, name, state } of status.peers) {
      const key = `${node.name} ${node.pid} ${id}`;
      if (this.#last.get(key) === state) continue;
      this.#last.set(key, state);
      this.sightings.push({ atMs: performance.now(), by: node.name, peer: name, peerId: id, state });
    }
  }

  async #noteDelay(node: NodeProcess): Promise<void> {
    const delayMs = await this.#delayMs(node).catch(() => 0);
    this.#delaysMs.set(node.name, Math.max(delayMs, this.#delaysMs.get(node.name) ?? 0));
  }

  /** Since it was asked last. */
  async #delayMs(node: NodeProcess): Promise<number> {
    return (await node.metric('nodejs_eventloop_lag_p99_seconds')) * 1_000;
  }
}

function memoryMiB(pid: number): number {
  try {
    const line = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) / KIB_PER_MIB;
  } catch {
    return 0;
  }
}
