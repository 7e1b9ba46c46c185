import { once } from 'node:events';
import { WebSocket } from 'ws';
import { nowMs } from '../clock.adapter.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { answerCalls } from '../worker-calls.adapter.js';
import type { Load } from './load.worker.js';

const CONNECTIONS = 16;
const OPEN_PER_CONNECTION = 4;

const calls = {
  /** Emits the same `publish` again and again, a few on their way per connection, each as soon as one was acknowledged. */
  async load(url: string, body: string, seconds: number): Promise<Load> {
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)));
    const latencies = new LatencyHistogram();
    const startMs = nowMs();
    const endMs = startMs + seconds * 1_000;
    const outcomes = await Promise.all(sockets.map((socket) => publishAll(socket, body, endMs, latencies)));
    const elapsedMs = nowMs() - startMs;
    for (const socket of sockets) socket.close();
    return {
      accepted: outcomes.reduce((sum, { accepted }) => sum + accepted, 0),
      refused: outcomes.reduce((sum, { refused }) => sum + refused, 0),
      elapsedMs,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
    };
  },
};

export type SocketLoadCalls = typeof calls;

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
  });
  await once(socket, 'message');
  socket.send('40/events,');
  await once(socket, 'message');
  return socket;
}

/** Resolves when the time is over and the last of them was acknowledged. */
function publishAll(
  socket: WebSocket,
  body: string,
  endMs: number,
  latencies: LatencyHistogram,
): Promise<{ accepted: number; refused: number }> {
  const outcome = { accepted: 0, refused: 0 };
  const sentMs = new Map<string, number>();
  let lastId = 0;
  const send = (): void => {
    const id = String(++lastId);
    sentMs.set(id, nowMs());
    socket.send(`42/events,${id}["publish",${body}]`);
  };
  return new Promise((resolve, reject) => {
    socket.on('close', () => reject(new Error('the server hung up')));
    socket.on('message', (frame: Buffer) => {
      const text = frame.toString('latin1', 0, 64);
      if (text === '2') return socket.send('3');
      const [, id] = /^43\/events,(\d+)\[/.exec(text) ?? [];
      if (id === undefined) return;
      latencies.record(nowMs() - (sentMs.get(id) ?? 0));
      sentMs.delete(id);
      if (frame.includes('"problem"')) outcome.refused++;
      else outcome.accepted++;
      if (nowMs() < endMs) send();
      else if (sentMs.size === 0) resolve(outcome);
    });
    for (let open = 0; open < OPEN_PER_CONNECTION; open++) send();
  });
}

answerCalls(calls);
