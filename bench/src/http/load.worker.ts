import autocannon from 'autocannon';
import { answerCalls } from '../worker-calls.adapter.js';

const CONNECTIONS = 64;

/** What a stretch of requests has come to. */
export interface Load {
  readonly accepted: number;
  readonly refused: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const calls = {
  /** Sends the same body again and again, each connection as soon as it has the answer to the one before. */
  async load(url: string, body: string, seconds: number): Promise<Load> {
    const headers = { 'content-type': 'application/json' };
    const startMs = performance.now();
    const result = await autocannon({
      url,
      method: 'POST',
      headers,
      body,
      connections: CONNECTIONS,
      duration: seconds,
    });
    return {
      accepted: result['2xx'],
      refused: result.non2xx + result.errors,
      elapsedMs: performance.now() - startMs,
      p50Ms: result.latency.p50,
      p99Ms: result.latency.p99,
    };
  },
};

export type LoadCalls = typeof calls;

answerCalls(calls);
