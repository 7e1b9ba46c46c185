import { once } from 'node:events';
import { WebSocket } from 'ws';
import { nowMs } from '../clock.adapter.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { answerCalls } from '../worker-calls.adapter.js';
import { firstStamp, messagesIn } from './burst-message.js';

/** Engine.IO's ping and pong. */
const PING = 0x32;
const PONG = '3';

/** What all clients of this process have received since it was asked last. */
export interface ClientsReceived {
  readonly lastMs: number;
  readonly latencies: readonly number[];
}

let count = 0;
let lastMs = 0;
let latencies = new LatencyHistogram();

function receive(socket: WebSocket, frame: Buffer): void {
  const messages = messagesIn(frame);
  if (messages === 0) {
    if (frame.length === 1 && frame[0] === PING) socket.send(PONG);
    return;
  }
  count += messages;
  lastMs = nowMs();
  latencies.record(lastMs - firstStamp(frame), messages);
}

/** A client says so little that it need not be a library: the server is what is measured. */
async function open(url: string, greetings: readonly string[]): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'message');
  for (const greeting of greetings) {
    socket.send(greeting);
    await once(socket, 'message');
  }
  socket.on('message', (frame: Buffer) => receive(socket, frame));
}

const calls = {
  /** Opens so many clients, some at a time. */
  async open(url: string, greetings: readonly string[], clients: number): Promise<void> {
    for (let opened = 0; opened < clients; opened += 50) {
      await Promise.all(Array.from({ length: Math.min(50, clients - opened) }, () => open(url, greetings)));
    }
  },

  count(): number {
    return count;
  },

  /** Forgets what it tells. */
  take(): ClientsReceived {
    const taken = { lastMs, latencies: latencies.counts };
    count = 0;
    latencies = new LatencyHistogram();
    return taken;
  },
};

export type ClientsCalls = typeof calls;

answerCalls(calls);
