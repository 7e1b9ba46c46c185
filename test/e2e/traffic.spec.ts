import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';

const MESSAGES = 1_000;

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await LocalCluster.start();
});

afterAll(() => cluster.stop());

/** How much a counter has grown at each node, in the order of the nodes. */
async function growth(counter: string, act: () => Promise<void>): Promise<number[]> {
  const read = (): Promise<number[]> => Promise.all(cluster.nodes.map((node) => node.metric(counter)));
  const before = await read();
  await act();
  return (await read()).map((value, index) => value - (before[index] ?? 0));
}

async function publishNews(node: NodeProcess): Promise<void> {
  for (let first = 0; first < MESSAGES; first += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => ({ topic: 'news', message: first + index }));
    expect((await node.post('/publish', batch)).status).toBe(200);
  }
  await eventually(async () => {
    for (const name of ['B', 'C']) expect(await cluster.node(name).messages('news')).toHaveLength(MESSAGES);
  });
}

describe('messages of a topic that B and C want', () => {
  it('reach each of them in one copy, and no other node', async () => {
    const received = await growth('grapevine_messages_received_total', () => publishNews(cluster.node('A')));
    expect(received).toEqual([0, MESSAGES, MESSAGES, 0]);
    expect(await cluster.node('A').metric('grapevine_messages_pushed_total')).toBe(2 * MESSAGES);
  });
});
