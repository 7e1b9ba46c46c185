import type { Lane } from '../../src/peers/links/links.js';
import type { Random } from '../../src/runtime/random.js';
import { Direction, linkKey, type Link, type Sized } from './simulated-link.js';
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
  readonly counts: Readonly<ProcessCounts>;
  /** Dials `peer` until there is a link, and again whenever it breaks. */
  keep(peer: string): void;
  forget(peer: string): void;
  /** False when there is no link, or no room in the lane. */
  send(peer: string, frame: Frame, lane?: Lane): boolean;
  /** Bytes that wait for a slow link. */
  bufferedBytes(peer: string): number;
  close(peer: string): void;
  linked(): readonly string[];
  /** Rings only while the process runs; while it is paused, right after. */
  alarm(ring: () => void): VirtualAlarm;
}

/** What a process did in its life. */
export interface ProcessCounts {
  sent: number;
  sentBytes: number;
  received: number;
  rang: number;
}

/**
 * Processes joined by FIFO links, as TCP makes them: a frame is delivered in order or lost together with its link. A cut
 * holds frames back until it heals or the link breaks; a crash breaks all links; a pause delays everything that
 * a process would do; a slow link has frames wait for it. Everything random comes from the given generator.
 */
export class SimulatedNetwork<Frame extends Sized> {
  readonly #processes = new Map<string, Process<Frame>>();
  readonly #links = new Map<string, Link<Frame>>();
  readonly #cuts = new Set<string>();
  readonly #slow = new Map<string, number>();
  /** A hash over everything that was delivered, and when. */
  #digest = 0;

  constructor(
    readonly time: VirtualTime,
    readonly random: Random,
    readonly options: NetworkOptions = LOCAL_NETWORK,
  ) {}

  get digest(): string {
    return (this.#digest >>> 0).toString(16);
  }

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
    this.#reviewCuts(this.#links.get(linkKey(from, to)));
    if (how.breaks === true) this.breakLink(from, to);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(directionKey(from, to));
    this.#cuts.delete(directionKey(to, from));
    this.#reviewCuts(this.#links.get(linkKey(from, to)));
  }

  /** Cuts every pair of nodes that are in different groups; one way, the first group no longer reaches the others. */
  partition(
    groups: readonly (readonly string[])[],
    how: { readonly oneWay?: boolean; readonly breaks?: boolean } = {},
  ): void {
    for (const [at, group] of groups.entries()) {
      for (const other of groups.slice(at + 1)) {
        for (const a of group) for (const b of other) this.cut(a, b, how);
      }
    }
  }

  /** A link between the two, also one that is yet to be made, carries no more than this; undefined undoes it. */
  slow(a: string, b: string, bytesPerMs: number | undefined): void {
    const key = linkKey(a, b);
    if (bytesPerMs === undefined) this.#slow.delete(key);
    else this.#slow.set(key, bytesPerMs);
    for (const direction of this.#links.get(key)?.directions ?? []) {
      direction.bytesPerMs = bytesPerMs;
      this.#transmit(direction);
    }
  }

  /** No cut and no slow link is left. */
  healAll(): void {
    this.#cuts.clear();
    this.#slow.clear();
    for (const link of this.#links.values()) {
      this.#reviewCuts(link);
      for (const direction of link.directions) {
        direction.bytesPerMs = undefined;
        this.#transmit(direction);
      }
    }
  }

  /** Loses what is on its way between the two; both ends hear of it. */
  breakLink(a: string, b: string): void {
    const link = this.#links.get(linkKey(a, b));
    if (link !== undefined) this.#drop(link);
  }

  isLinked(a: string, b: string): boolean {
    return this.#processes.get(a)?.outgoing.get(b)?.isOpen ?? false;
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(directionKey(from, to));
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
  send(from: Process<Frame>, to: string, lane: Lane, frame: Frame): boolean {
    const direction = from.outgoing.get(to);
    if (!from.isRunning || direction?.isOpen !== true) return false;
    if (direction.bytesPerMs === undefined && !direction.isTransmitting) this.#put(direction, frame);
    else {
      if (!direction.queue(lane, frame)) {
        // What membership and repair rely on is not lost silently: the link ends.
        if (lane === 'control') this.#drop(direction.link);
        return false;
      }
      this.#transmit(direction);
    }
    from.counts.sent++;
    from.counts.sentBytes += frame.length;
    return true;
  }

  /** @internal */
  close(at: Process<Frame>, peer: string): void {
    const direction = at.outgoing.get(peer);
    if (direction?.isOpen === true) this.#drop(direction.link);
  }

  #linksOf(id: string): Link<Frame>[] {
    return [...this.#links.values()].filter((link) => link.directions.some((direction) => direction.from.id === id));
  }

  #connect(a: Process<Frame>, b: Process<Frame>): void {
    const there = new Direction(a, b);
    const back = new Direction(b, a);
    const link: Link<Frame> = { key: linkKey(a.id, b.id), isBreaking: false, directions: [there, back] };
    for (const direction of link.directions) {
      direction.link = link;
      direction.reverse = direction === there ? back : there;
      direction.bytesPerMs = this.#slow.get(link.key);
      direction.from.outgoing.set(direction.to.id, direction);
    }
    this.#links.set(link.key, link);
    // Hello, hello and record, record: the dialling end is done a way earlier than the other.
    const handshakeMs = 3 * (this.options.delayMs + this.options.jitterMs);
    this.time.after(handshakeMs, () => this.#open(there));
    this.time.after(handshakeMs + this.options.delayMs, () => this.#open(back));
  }

  #open(direction: Direction<Frame>): void {
    const { from, to, link } = direction;
    from.run(() => {
      if (link.isBreaking) return;
      direction.isOpen = true;
      from.listener.linkUp(to.id);
      this.#flow(direction.reverse);
    });
  }

  #drop(link: Link<Frame>): void {
    if (link.isBreaking) return;
    link.isBreaking = true;
    const open = link.directions.filter(({ isOpen }) => isOpen);
    for (const direction of link.directions) direction.isOpen = false;
    // A new link is not made before both ends have heard of the end of this one.
    this.time.after(this.options.breakMs, () => {
      this.#links.delete(link.key);
      for (const direction of link.directions) {
        const { from, to } = direction;
        from.outgoing.delete(to.id);
        if (open.includes(direction)) from.run(() => from.listener.linkDown(to.id));
        this.redialLater(from, to.id);
      }
    });
  }

  #reviewCuts(link: Link<Frame> | undefined): void {
    for (const direction of link?.directions ?? []) {
      direction.isCut = this.isCut(direction.from.id, direction.to.id);
      this.#flow(direction);
    }
  }

  /** Puts the next frame that waits on a slow link onto the wire, once the one before is through. */
  #transmit(direction: Direction<Frame>): void {
    if (direction.isTransmitting || direction.link.isBreaking) return;
    const frame = direction.take();
    if (frame === undefined) return;
    const bytesPerMs = direction.bytesPerMs ?? Infinity;
    direction.isTransmitting = true;
    this.time.after(frame.length / bytesPerMs, () => {
      direction.isTransmitting = false;
      if (direction.link.isBreaking) return;
      this.#put(direction, frame);
      this.#transmit(direction);
    });
  }

  #put(direction: Direction<Frame>, frame: Frame): void {
    const delayMs = this.options.delayMs + this.random.between(0, this.options.jitterMs);
    direction.lastDueMs = Math.max(direction.lastDueMs, this.time.nowMs + delayMs);
    direction.wire.push({ dueMs: direction.lastDueMs, frame });
    if (direction.wire.length === 1) this.#flow(direction);
  }

  #flow(direction: Direction<Frame>): void {
    const [next] = direction.wire;
    if (next === undefined || direction.isFlowing || direction.isCut || !direction.reverse.isOpen) return;
    direction.isFlowing = true;
    this.time.at(next.dueMs, () => {
      direction.isFlowing = false;
      const { to, link } = direction;
      if (link.isBreaking || direction.isCut) return;
      direction.wire.shift();
      this.#digest = Math.imul(this.#digest ^ next.frame.length ^ (this.time.nowMs * 1_024), 0x01000193);
      if (to.isPaused) to.run(() => this.#hand(direction, next.frame));
      else this.#hand(direction, next.frame);
      this.#flow(direction);
    });
  }

  #hand(direction: Direction<Frame>, frame: Frame): void {
    if (!direction.reverse.isOpen) return;
    direction.to.counts.received++;
    direction.to.listener.frame(direction.from.id, frame);
  }
}

/** @internal */
export class Process<Frame extends Sized> implements SimulatedProcess<Frame> {
  isRunning = true;
  isPaused = false;
  readonly counts: ProcessCounts = { sent: 0, sentBytes: 0, received: 0, rang: 0 };
  readonly outgoing = new Map<string, Direction<Frame>>();
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

  send(peer: string, frame: Frame, lane: Lane = 'control'): boolean {
    return this.network.send(this, peer, lane, frame);
  }

  bufferedBytes(peer: string): number {
    return this.outgoing.get(peer)?.waitingBytes ?? 0;
  }

  close(peer: string): void {
    this.network.close(this, peer);
  }

  linked(): readonly string[] {
    return [...this.outgoing].filter(([, { isOpen }]) => isOpen).map(([peer]) => peer);
  }

  alarm(ring: () => void): VirtualAlarm {
    return this.network.time.alarm(() => {
      this.counts.rang++;
      this.run(ring, true);
    });
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

function directionKey(from: string, to: string): string {
  return `${from}>${to}`;
}
