import { answerCalls } from '../worker-calls.adapter.js';

const calls = {
  /** A node with all its interfaces; `peers` are the URLs of those started before it. */
  async startGrapevine(name: string, peers: readonly string[]): Promise<string> {
    const { startGrapevineNode } = await import('../grapevine-node.adapter.js');
    const { url } = await startGrapevineNode({ name, peers: [...peers], store: 'memory', api: { prefix: '' } });
    return url;
  },

  async startNest(): Promise<string> {
    const { startNest } = await import('./nest.server.js');
    return startNest();
  },
};

export type HttpCalls = typeof calls;

answerCalls(calls);
