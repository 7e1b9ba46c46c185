import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { CrowdOrder, CrowdReport } from './crowd.js';

const TOPIC = 'chat';
const RETRY_MS = 250;
const TIMEOUT_MS = 30_000;

interface Place {
  readonly stream: string;
  readonly seq: number;
}

/** One client of the crowd: resumes at the last resort when it loses its node. */
class Client {
  static lastResort: string | undefined;
  #socket: Socket | undefined;
  #start: string | undefined;
  readonly #positions = new Map<string, number>();
  received = 0;
  wrong = 0;
  isConnected = false;
  isRecovered = false;

  /** Leaves where it is and subscribes there; what it has got it keeps. */
  async connect(url: string): Promise<void> {
    this.#leave();
    const socket = io(`${url}/events`, { transports: ['websocket'], forceNew: true, reconnection: false });
    this.#socket = socket;
    socket.on('messages', (places: readonly Place[]) => {
      if (this.#socket === socket) for (const place of places) this.#take(place);
    });
    const after =
      this.#start === undefined ? undefined : { cursor: this.#start, ...Object.fromEntries(this.#positions) };
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    const answer = (await socket
      .timeout(TIMEOUT_MS)
      .emitWithAck('subscribe', { topic: TOPIC, after, batch: true })) as {
      ok: boolean;
      cursor: string;
      recovered: boolean;
    };
    if (!answer.ok) throw new Error(JSON.stringify(answer));
    this.#start ??= answer.cursor;
    this.isRecovered = answer.recovered;
    this.isConnected = true;
    socket.once('disconnect', () => {
      if (this.#socket === socket) void this.#resume();
    });
  }

  /** For ever, as a browser does. */
  async #resume(): Promise<void> {
    this.isConnected = false;
    this.isRecovered = false;
    while (!this.isConnected && Client.lastResort !== undefined) {
      await this.connect(Client.lastResort).catch(() => sleep(RETRY_MS));
    }
  }

  #take({ stream, seq }: Place): void {
    const last = this.#positions.get(stream);
    if (last !== undefined && seq !== last + 1) this.wrong++;
    this.#positions.set(stream, seq);
    this.received++;
  }

  #leave(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.isConnected = false;
    socket?.disconnect();
  }
}

const clients = Array.from({ length: Number(process.argv[2]) }, () => new Client());

async function connect(urls: readonly string[], perSecond: number): Promise<void> {
  const startMs = performance.now();
  await Promise.all(
    clients.map(async (client, index) => {
      await sleep((index / perSecond) * 1_000);
      const url = urls[index % urls.length] ?? '';
      while (!client.isConnected) await client.connect(url).catch(() => sleep(RETRY_MS));
    }),
  );
  process.send?.({ tookMs: performance.now() - startMs });
}

function report(): CrowdReport {
  const wrong = clients.reduce((sum, client) => sum + client.wrong, 0);
  const received = clients.map((client) => client.received);
  return {
    connected: clients.filter(({ isConnected }) => isConnected).length,
    recovered: clients.filter(({ isRecovered }) => isRecovered).length,
    wrong,
    receivedMin: Math.min(...received),
  };
}

process.on('message', (order: CrowdOrder) => {
  if (order.do === 'connect') {
    // All are somewhere else until it is their turn.
    for (const client of clients) client.isConnected = false;
    void connect(order.urls, order.perSecond);
  } else if (order.do === 'last-resort') {
    Client.lastResort = order.url;
    process.send?.({});
  } else {
    process.send?.(report());
  }
});
