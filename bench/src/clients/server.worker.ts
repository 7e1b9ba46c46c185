import { nowMs } from '../clock.adapter.js';
import { answerCalls } from '../worker-calls.adapter.js';
import { burstMessage } from './burst-message.js';
import type { ClientServer } from './client-server.js';
import { startClientServer } from './servers/catalogue.js';

let server: ClientServer;

const calls = {
  async start(system: string): Promise<Pick<ClientServer, 'url' | 'greetings'>> {
    server = await startClientServer(system);
    return { url: server.url, greetings: server.greetings };
  },

  /** Publishes `count` messages at once; the time they all count from. */
  async burst(count: number): Promise<number> {
    const startMs = nowMs();
    await server.publishAll(Array.from({ length: count }, () => burstMessage(startMs)));
    return startMs;
  },
};

export type ServerCalls = typeof calls;

answerCalls(calls);
