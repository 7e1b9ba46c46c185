import { io, type Socket } from 'socket.io-client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeProcess } from '../e2e/node-process.js';
import type { Ledger, Level } from './ledger.js';

/** What is published: a number of its own, and when. */
export interface Payload {
  readonly value: number;
  readonly sentMs: number;
  readonly filling?: string;
}

export interface LoadOptions {
  readonly perSecond: number;
  /** Levels in turn. */
  readonly levels: readonly Level[];
  /** Topics in turn. */
  readonly topics: readonly string[];
  /** Whether a publication that failed is tried once more, at another node, under the same key. */
  readonly isRetried: boolean;
  readonly payloadBytes: number;
}

interface Ask {
  readonly value: number;
  readonly topic: string;
  readonly level: Level;
}

interface Receipt {
  readonly id: string;
  readonly stream: string;
  readonly seq: number;
  readonly publisher: string;
  readonly ack: { readonly confirmed: number };
}

type Answer = ({ readonly ok: true } & Receipt) | { readonly ok: false; readonly problem: Problem };
interface Problem extends Partial<Receipt> {
  readonly code: string;
}

const TICK_MS = 10;
const TIMEOUT_MS = 10_000;
/** After a stall of this process the load goes on, it does not catch up more than this. */
const BURST_MAX = 50;
/** One publication in so many goes over REST, the others over Socket.IO. */
const REST_EVERY = 8;
const RETRY_AFTER_MS = 100;

/** Publishes at a steady pace at all nodes, as clients do, and keeps account of what they said. */
export class Load {
  readonly #sockets = new Map<string, Socket>();
  readonly #open = new Set<Promise<void>>();
  #isRunning = false;
  #loop: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(
    private readonly nodes: () => readonly NodeProcess[],
    private readonly ledger: Ledger,
    readonly options: LoadOptions,
  ) {}

  /** Connects to all nodes, so that the first publications find their way. */
  async connect(): Promise<void> {
    await Promise.all(
      this.nodes().map((node) => {
        const socket = this.#socketOf(node);
        return new Promise<void>((resolve) => {
          if (socket.connected) resolve();
          else socket.once('connect', resolve);
        });
      }),
    );
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#loop = this.#run();
  }

  /** Stops, and waits for what is still open. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#loop;
    await Promise.all(this.#open);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.disconnect();
  }

  /** One publication more, at a node of one's choice; resolves when what became of it is in the ledger. */
  publish(node: NodeProcess, ask: Partial<Ask> = {}): Promise<void> {
    const turn = this.#turn++;
    const { levels, topics } = this.options;
    // Topics and levels change at different paces, so that all pairs occur.
    const level = levels[Math.floor(turn / topics.length) % levels.length] ?? 'local';
    const topic = topics[turn % topics.length] ?? 'chat';
    const publication = this.#publish(
      node,
      { value: this.ledger.next(), topic, level, ...ask },
      turn % REST_EVERY === 0,
    );
    this.#open.add(publication);
    return publication.finally(() => this.#open.delete(publication));
  }

  async #run(): Promise<void> {
    const { perSecond } = this.options;
    const startMs = performance.now();
    let done = 0;
    while (this.#isRunning) {
      const due = Math.floor(((performance.now() - startMs) / 1_000) * perSecond) - done;
      for (let index = 0; index < Math.min(due, BURST_MAX); index++) {
        const nodes = this.nodes();
        const node = nodes[this.#turn % nodes.length];
        if (node !== undefined) void this.publish(node);
      }
      done += due;
      await sleep(TICK_MS);
    }
  }

  async #publish(node: NodeProcess, ask: Ask, isRest: boolean): Promise<void> {
    const sentMs = performance.now();
    this.ledger.attempts++;
    let problem = await this.#try(node, ask, { sentMs, isRest });
    if (problem !== undefined && this.options.isRetried) {
      await sleep(RETRY_AFTER_MS);
      const others = this.nodes().filter((other) => other !== node && this.#socketOf(other).connected);
      const other = others[ask.value % others.length];
      if (other !== undefined) problem = await this.#try(other, ask, { sentMs, isRest });
    }
    if (problem !== undefined) this.ledger.refuse(problem);
  }

  /** Undefined when it was accepted, else why not. */
  async #try(node: NodeProcess, ask: Ask, how: { sentMs: number; isRest: boolean }): Promise<string | undefined> {
    const { value, topic, level } = ask;
    const filling = 'x'.repeat(Math.max(0, this.options.payloadBytes - 40));
    const message: Payload = { value, sentMs: how.sentMs, filling };
    const answer = await (how.isRest ? this.#post(node, ask, message) : this.#emit(node, ask, message)).catch(
      (error: Error): Answer => ({
        ok: false,
        problem: { code: error.name === 'TimeoutError' ? 'timeout' : 'unreachable' },
      }),
    );
    const receipt = answer.ok ? answer : answer.problem;
    // An acknowledgement that came too late is one of fewer logs.
    const { id, stream, seq, publisher, ack } = receipt;
    if (id === undefined || stream === undefined || seq === undefined || ack === undefined)
      return (receipt as Problem).code;
    const reached = answer.ok ? level : ack.confirmed;
    const entry = { value, topic, level: reached, confirmed: ack.confirmed, node: publisher ?? node.name };
    this.ledger.accepted.push({ ...entry, id, stream, seq, sentMs: how.sentMs });
    return undefined;
  }

  async #post(node: NodeProcess, { value, topic, level }: Ask, message: Payload): Promise<Answer> {
    const response = await fetch(`${node.url}/publish?ack=${level}`, {
      method: 'POST',
      body: JSON.stringify({ topic, message }),
      headers: { 'content-type': 'application/json', 'idempotency-key': `chaos-${value}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = (await response.json()) as Receipt | Problem;
    return response.ok ? { ok: true, ...(body as Receipt) } : { ok: false, problem: body as Problem };
  }

  async #emit(node: NodeProcess, { value, topic, level }: Ask, message: Payload): Promise<Answer> {
    const socket = this.#socketOf(node);
    if (!socket.connected) return { ok: false, problem: { code: 'unreachable' } };
    const ask = { topic, message, ack: level, idempotencyKey: `chaos-${value}` };
    return new Promise((resolve) => {
      const lost = (): void => resolve({ ok: false, problem: { code: 'unreachable' } });
      socket.once('disconnect', lost);
      void socket
        .timeout(TIMEOUT_MS)
        .emitWithAck('publish', ask)
        .then((answer: Answer) => resolve(answer))
        .catch(() => resolve({ ok: false, problem: { code: 'timeout' } }))
        .finally(() => socket.off('disconnect', lost));
    });
  }

  #socketOf(node: NodeProcess): Socket {
    let socket = this.#sockets.get(node.url);
    if (socket === undefined) {
      socket = io(`${node.url}/events`, { transports: ['websocket'], forceNew: true, reconnectionDelayMax: 500 });
      this.#sockets.set(node.url, socket);
    }
    return socket;
  }
}
