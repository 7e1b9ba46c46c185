import type { Random } from '../../src/runtime/random.js';
import type { VirtualAlarm, VirtualTime } from './virtual-time.js';

/** Where a simulated process hears of its links. */
export interface ProcessListener<Frame> {
  linkUp(peer: string): void;
  linkDown(peer: string): void;
  frame(peer: string, frame: Frame): void;
}

export interface NetworkOptions {
  /** One-way delay of a frame: base plus up to `jitterMs`; frames of one direction never overtake each other. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** How long after a crash, a break or a close the other end hears of it. */
  readonly breakMs: number;
  /** Between two attempts to dial, half of it to all of it. */
  readonly redialMs: number;
}

export const LOCAL_NETWORK: NetworkOptions = { delayMs: 0.2, jitterMs: 0.5, breakMs: 1, redialMs: 200 };

/** One process of the simulated network: its links, its alarms, its fate. */
export interface SimulatedProcess<Frame> {
  readonly id: string;
  readonly isRunning: boolean;
  /** Dials `peer` until there is a link, and again whenever it breaks. */
  keep(peer: string): void;
  forget(peer: string): void;
  /** False when there is no link. */
  send(peer: string, frame: Frame): boolean;
  close(peer: string): void;
  linked(): readonly string[];
  /** Rings only while the process runs; while it is paused, right after. */
  alarm(ring: () => void): VirtualAlarm;
}

/**
 * Processes joined by FIFO links, as TCP makes them: a frame is delivered in order or lost together with its link. A cut
 * holds frames back until it heals or the link breaks; a crash breaks all links; a pause delays everything that
 * a process would do. Everything random comes from the given generator.
 */
export class SimulatedNetwork<Frame> {
  readonly #processes = new Map<string, Process<Frame>>();
  readonly #links = new Map<string, Link<Frame>>();
  readonly #cuts = new Set<string>();

  constructor(
    readonly time: VirtualTime,
    readonly random: Random,
    readonly options: NetworkOptions = LOCAL_NETWORK,
  ) {}

  /** Starts a process, also one that crashed before. */
  start(id: string, listener: ProcessListener<Frame>): SimulatedProcess<Frame> {
    if (this.#processes.get(id)?.isRunning) throw new Error(`${id} runs already`);
    const process = new Process(id, listener, this);
    this.#processes.set(id, process);
    return process;
  }

  /** kill -9: nothing runs any more, frames on their way are lost, the others see their links break. */
  crash(id: string): void {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    process.isRunning = false;
    for (const link of this.#linksOf(id)) this.#drop(link);
  }

  /** SIGSTOP, or an event loop that stands still: links stay open. */
  pause(id: string): void {
    this.#processes.get(id)?.pause();
  }

  resume(id: string): void {
    this.#processes.get(id)?.resume();
  }

  /** Frames from `from` to `to` are held back; with `breaks` their link breaks at once. Nothing is dialled through a cut. */
  cut(from: string, to: string, how: { readonly oneWay?: boolean; readonly breaks?: boolean } = {}): void {
    this.#cuts.add(directionKey(from, to));
    if (how.oneWay !== true) this.#cuts.add(directionKey(to, from));
    if (how.breaks === true) this.breakLink(from, to);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(directionKey(from, to));
    this.#cuts.delete(directionKey(to, from));
    this.#links.get(linkKey(from, to))?.directions.forEach((direction) => this.#flow(direction));
  }

  /** Cuts every pair of nodes that are in different groups. */
  partition(groups: readonly (readonly string[])[], how: { readonly breaks?: boolean } = {}): void {
    for (const [at, group] of groups.entries()) {
      for (const other of groups.slice(at + 1)) {
        for (const a of group) for (const b of other) this.cut(a, b, how);
      }
    }
  }

  healAll(): void {
    this.#cuts.clear();
    for (const link of this.#links.values()) link.directions.forEach((direction) => this.#flow(direction));
  }

  /** Loses what is on its way between the two; both ends hear of it. */
  breakLink(a: string, b: string): void {
    const link = this.#links.get(linkKey(a, b));
    if (link !== undefined) this.#drop(link);
  }

  isLinked(a: string, b: string): boolean {
    return this.#links.get(linkKey(a, b))?.isOpenAt.has(a) ?? false;
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(directionKey(from, to));
  }

  /** @internal */
  dial(from: Process<Frame>, to: string): void {
    if (!from.isRunning || !from.kept.has(to)) return;
    from.kept.set(to, false);
    if (this.#links.has(linkKey(from.id, to))) return;
    const target = this.#processes.get(to);
    const isReachable = target?.isRunning && !target.isPaused && !this.isCut(from.id, to) && !this.isCut(to, from.id);
    if (isReachable) this.#connect(from, target);
    else this.redialLater(from, to);
  }

  /** @internal */
  redialLater(from: Process<Frame>, to: string, delayMs = this.random.between(0.5, 1) * this.options.redialMs): void {
    if (from.kept.get(to) !== false) return;
    from.kept.set(to, true);
    this.time.after(delayMs, () => this.dial(from, to));
  }

  /** @internal */
  send(from: Process<Frame>, to: string, frame: Frame): boolean {
    const link = this.#links.get(linkKey(from.id, to));
    if (!from.isRunning || link === undefined || !link.isOpenAt.has(from.id)) return false;
    const direction = link.directions.find((candidate) => candidate.from === from)!;
    const delayMs = this.options.delayMs + this.random.between(0, this.options.jitterMs);
    direction.lastDueMs = Math.max(direction.lastDueMs, this.time.nowMs + delayMs);
    direction.queue.push({ dueMs: direction.lastDueMs, frame });
    if (direction.queue.length === 1) this.#flow(direction);
    return true;
  }

  /** @internal */
  close(at: Process<Frame>, peer: string): void {
    const link = this.#links.get(linkKey(at.id, peer));
    if (link?.isOpenAt.has(at.id)) this.#drop(link);
  }

  /** @internal */
  linkedTo(id: string): string[] {
    return this.#linksOf(id)
      .filter((link) => link.isOpenAt.has(id))
      .map((link) => link.directions.find((direction) => direction.from.id === id)!.to.id);
  }

  #linksOf(id: string): Link<Frame>[] {
    return [...this.#links.values()].filter((link) => link.directions.some((direction) => direction.from.id === id));
  }

  #connect(a: Process<Frame>, b: Process<Frame>): void {
    const link: Link<Frame> = { isOpenAt: new Set(), isBreaking: false, directions: [] };
    link.directions.push(new Direction(link, a, b), new Direction(link, b, a));
    this.#links.set(linkKey(a.id, b.id), link);
    // Hello, hello and record, record: the dialling end is done a way earlier than the other.
    const handshakeMs = 3 * (this.options.delayMs + this.options.jitterMs);
    this.time.after(handshakeMs, () => this.#open(link, a, b.id));
    this.time.after(handshakeMs + this.options.delayMs, () => this.#open(link, b, a.id));
  }

  #open(link: Link<Frame>, at: Process<Frame>, peer: string): void {
    at.run(() => {
      if (link.isBreaking) return;
      link.isOpenAt.add(at.id);
      at.listener.linkUp(peer);
      link.directions.filter((direction) => direction.to === at).forEach((direction) => this.#flow(direction));
    });
  }

  #drop(link: Link<Frame>): void {
    if (link.isBreaking) return;
    link.isBreaking = true;
    const openAt = new Set(link.isOpenAt);
    link.isOpenAt.clear();
    // A new link is not made before both ends have heard of the end of this one.
    this.time.after(this.options.breakMs, () => {
      this.#links.delete(linkKey(link.directions[0]!.from.id, link.directions[0]!.to.id));
      for (const { from, to } of link.directions) {
        if (openAt.has(from.id)) from.run(() => from.listener.linkDown(to.id));
        this.redialLater(from, to.id);
      }
    });
  }

  #flow(direction: Direction<Frame>): void {
    const next = direction.queue[0];
    if (next === undefined || direction.isFlowing || !direction.link.isOpenAt.has(direction.to.id)) return;
    if (this.isCut(direction.from.id, direction.to.id)) return;
    direction.isFlowing = true;
    this.time.at(next.dueMs, () => {
      direction.isFlowing = false;
      const { from, to, link } = direction;
      if (link.isBreaking || this.isCut(from.id, to.id)) return;
      direction.queue.shift();
      to.run(() => {
        if (link.isOpenAt.has(to.id)) to.listener.frame(from.id, next.frame);
      });
      this.#flow(direction);
    });
  }
}

class Process<Frame> implements SimulatedProcess<Frame> {
  isRunning = true;
  isPaused = false;
  /** Peers to be dialled → whether an attempt is due. */
  readonly kept = new Map<string, boolean>();
  #held: (() => void)[] = [];
  #heldAlarms: (() => void)[] = [];

  constructor(
    readonly id: string,
    readonly listener: ProcessListener<Frame>,
    private readonly network: SimulatedNetwork<Frame>,
  ) {}

  keep(peer: string): void {
    if (peer === this.id || this.kept.has(peer)) return;
    this.kept.set(peer, false);
    this.network.redialLater(this, peer, 0);
  }

  forget(peer: string): void {
    this.kept.delete(peer);
  }

  send(peer: string, frame: Frame): boolean {
    return this.network.send(this, peer, frame);
  }

  close(peer: string): void {
    this.network.close(this, peer);
  }

  linked(): readonly string[] {
    return this.network.linkedTo(this.id);
  }

  alarm(ring: () => void): VirtualAlarm {
    return this.network.time.alarm(() => this.run(ring, true));
  }

  /** Now, after the pause, or never. After a pause alarms ring before sockets are read, as in a real event loop. */
  run(action: () => void, isAlarm = false): void {
    if (!this.isRunning) return;
    if (!this.isPaused) action();
    else if (isAlarm) this.#heldAlarms.push(action);
    else this.#held.push(action);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const held = [...this.#heldAlarms, ...this.#held];
    this.#heldAlarms = [];
    this.#held = [];
    for (const action of held) this.run(action);
  }
}

class Direction<Frame> {
  readonly queue: { readonly dueMs: number; readonly frame: Frame }[] = [];
  isFlowing = false;
  lastDueMs = 0;

  constructor(
    readonly link: Link<Frame>,
    readonly from: Process<Frame>,
    readonly to: Process<Frame>,
  ) {}
}

interface Link<Frame> {
  readonly directions: Direction<Frame>[];
  /** The ends that have completed the handshake and not yet lost the link. */
  readonly isOpenAt: Set<string>;
  isBreaking: boolean;
}

function directionKey(from: string, to: string): string {
  return `${from}>${to}`;
}

function linkKey(a: string, b: string): string {
  return a < b ? `${a}=${b}` : `${b}=${a}`;
}
