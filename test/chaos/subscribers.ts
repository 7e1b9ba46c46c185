import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { MessageItem, NodeClient } from '../e2e/node-client.js';
import type { Received, Told, ToldGap } from './ledger.js';
import type { Payload } from './load.js';

const RETRY_MS = 200;
const CONNECT_TIMEOUT_MS = 10_000;

/** A client that wants all of a topic: it stays where it is as long as it can, and resumes elsewhere when it cannot. */
abstract class Subscriber implements Told {
  readonly received: Received[] = [];
  readonly gaps: ToldGap[] = [];
  /** Why nodes cut it. */
  readonly cuts: string[] = [];
  /** How often it went on after a connection was lost, and how often a node said that all was still there. */
  resumed = 0;
  recovered = 0;
  protected isClosed = false;
  #isConnected = false;

  constructor(
    readonly subscriber: string,
    readonly topic: string,
    private readonly nodes: () => readonly NodeClient[],
  ) {}

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Connects, and goes on for ever to keep connected; resolves when it is for the first time. */
  async start(): Promise<this> {
    await this.connect(this.nodes()[0]!);
    this.#isConnected = true;
    void this.#stay();
    return this;
  }

  abstract close(): void;
  /** Stops reading, or reads on. */
  abstract pause(isPaused: boolean): void;
  protected abstract connect(node: NodeClient): Promise<void>;
  /** Resolves when the connection is lost. */
  protected abstract lost(): Promise<void>;

  protected take(item: MessageItem): void {
    const { value, sentMs } = item.message as Payload;
    const atMs = performance.now();
    this.received.push({ value, stream: item.stream, seq: item.seq, latencyMs: atMs - sentMs, atMs });
  }

  async #stay(): Promise<void> {
    for (let turn = 1; !this.isClosed; turn++) {
      await this.lost();
      this.#isConnected = false;
      while (!this.isClosed && !this.#isConnected) {
        const nodes = this.nodes();
        const node = nodes[turn % nodes.length];
        this.#isConnected =
          node !== undefined &&
          (await this.connect(node)
            .then(() => true)
            .catch(() => false));
        if (this.#isConnected) this.resumed++;
        else await sleep(RETRY_MS);
        turn++;
      }
    }
  }
}

/** Socket.IO with `{stream: seq}` as it kept it. */
export class SocketSubscriber extends Subscriber {
  #socket: Socket | undefined;
  #start: string | undefined;
  readonly #positions = new Map<string, number>();

  override close(): void {
    this.isClosed = true;
    this.#socket?.disconnect();
  }

  override pause(isPaused: boolean): void {
    const transport = this.#socket?.io.engine.transport as { ws?: { pause(): void; resume(): void } } | undefined;
    if (isPaused) transport?.ws?.pause();
    else transport?.ws?.resume();
  }

  protected override async connect(node: NodeClient): Promise<void> {
    const socket = io(`${node.url}/events`, { transports: ['websocket'], forceNew: true, reconnection: false });
    socket.on('messages', (items: readonly MessageItem[]) => {
      if (this.#socket !== socket) return;
      for (const item of items) {
        this.take(item);
        this.#positions.set(item.stream, item.seq);
      }
    });
    socket.on('gap', (gap: ToldGap) => {
      this.gaps.push(gap);
      this.#positions.set(gap.stream, gap.to);
    });
    socket.on('cut', (problem: { code: string }) => this.cuts.push(problem.code));
    const after =
      this.#start === undefined ? undefined : { cursor: this.#start, ...Object.fromEntries(this.#positions) };
    this.#socket = socket;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      });
      const ask = { topic: this.topic, after, batch: true };
      const answer = (await socket.timeout(CONNECT_TIMEOUT_MS).emitWithAck('subscribe', ask)) as Answer;
      if (!answer.ok) throw new Error(answer.problem.code);
      this.#start ??= answer.cursor;
      if (answer.recovered) this.recovered++;
    } catch (error) {
      socket.disconnect();
      throw error;
    }
  }

  protected override lost(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      if (socket?.connected !== true) resolve();
      else socket.once('disconnect', () => resolve());
    });
  }
}

type Answer =
  | { readonly ok: true; readonly cursor: string; readonly recovered: boolean }
  | { readonly ok: false; readonly problem: { readonly code: string } };

/** Server-Sent Events with `Last-Event-ID`. */
export class StreamSubscriber extends Subscriber {
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #cursor = '';
  #text = '';

  override close(): void {
    this.isClosed = true;
    this.#request?.destroy();
  }

  override pause(isPaused: boolean): void {
    if (isPaused) this.#response?.pause();
    else this.#response?.resume();
  }

  protected override connect(node: NodeClient): Promise<void> {
    const headers = this.#cursor === '' ? {} : { 'last-event-id': this.#cursor };
    this.#text = '';
    return new Promise((resolve, reject) => {
      const request = get(`${node.url}/stream?topic=${this.topic}`, { headers, agent: false }, (response) => {
        this.#response = response;
        response.setEncoding('utf8');
        // Open is a stream that has told where it begins.
        response.on('data', (text: string) => {
          this.#read(text);
          if (this.#cursor !== '') resolve();
        });
        response.on('error', () => undefined);
        if (response.statusCode !== 200) {
          request.destroy();
          reject(new Error(`answered ${response.statusCode}`));
        }
      });
      request.setTimeout(CONNECT_TIMEOUT_MS, () => this.#response === undefined && request.destroy());
      request.on('error', reject);
      request.on('close', () => reject(new Error('closed')));
      this.#request = request;
    });
  }

  protected override lost(): Promise<void> {
    const request = this.#request;
    return new Promise((resolve) => {
      if (request === undefined || request.closed) resolve();
      else request.once('close', resolve);
    });
  }

  #read(text: string): void {
    const blocks = (this.#text + text).split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) this.#readEvent(block);
  }

  #readEvent(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
    const [event, data, id] = [fields.get('event'), fields.get('data'), fields.get('id')];
    if (data !== undefined) {
      const value: unknown = JSON.parse(data);
      if (event === undefined) this.take(value as MessageItem);
      if (event === 'gap') this.gaps.push(value as ToldGap);
      if (event === 'cut') this.cuts.push((value as { code: string }).code);
      if (event === 'recovered' && (value as { recovered: boolean }).recovered) this.recovered++;
    }
    if (id !== undefined) this.#cursor = id;
  }
}

export type { Subscriber };
