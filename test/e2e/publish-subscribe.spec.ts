import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, eventSourceClient, socketClient } from './clients.js';
import { eventually } from './eventually.js';
import { expectOnceAndInOrder, LocalCluster, valuesAt } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';

/** What a person would call at once, with room for a busy machine. */
const AT_ONCE_MS = 1_000;

let cluster: LocalCluster;
let a: NodeProcess;
let others: readonly NodeProcess[];

beforeAll(async () => {
  cluster = await LocalCluster.start();
  a = cluster.node('A');
  others = ['B', 'C', 'D'].map((name) => cluster.node(name));
});

afterAll(() => cluster.stop());

describe('a message published at A by curl', () => {
  it('is at once in the messages of B, C and D, at a Socket.IO client and at an EventSource on each', async () => {
    const clients: Client[] = [];
    for (const node of others) clients.push(await socketClient(node, 'chat'), await eventSourceClient(node, 'chat'));
    const answer = await a.send('/publish', '{"topic":"chat","message":"hello world"}', 'application/json');
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ topic: 'chat', publisher: 'A', ack: { level: 'local', of: 4 } });
    await eventually(async () => {
      for (const node of others) expect(await valuesAt(node, 'chat')).toContain('hello world');
      for (const { received } of clients) expect(received.map((each) => each.message)).toEqual(['hello world']);
    }, AT_ONCE_MS);
    expect(new Set(clients.map(({ received }) => received[0]?.id))).toEqual(new Set([answer.body['id']]));
    for (const client of clients) client.close();
  });

  it('is confirmed by as many nodes as were asked for', async () => {
    const all = await a.post('/publish?ack=all', { topic: 'chat', message: 1 });
    expect(all).toMatchObject({ status: 200, body: { ack: { level: 'all', confirmed: 4, of: 4 } } });
    const two = await a.post('/publish?ack=2', { topic: 'chat', message: 2 });
    expect(two.status).toBe(200);
    const news = await a.post('/publish?ack=all', { topic: 'news', message: 3 });
    expect(news.body).toMatchObject({ ack: { confirmed: 3, of: 3 } });
  });

  it('comes once and in order to all, also when many nodes publish much at the same time', async () => {
    const rounds = Array.from({ length: 20 }, (_, round) => round);
    await Promise.all(
      cluster.nodes.map(async (node) => {
        for (const round of rounds) {
          const batch = Array.from({ length: 25 }, (_, index) => ({
            topic: 'chat',
            message: `${node.name} ${round} ${index}`,
          }));
          expect((await node.post('/publish', batch)).status).toBe(200);
        }
      }),
    );
    const digestOf = async (node: NodeProcess): Promise<string | undefined> =>
      (await node.status()).topics.find(({ topic }) => topic === 'chat')?.digest;
    await eventually(async () => {
      const digests = await Promise.all(cluster.nodes.map(digestOf));
      expect(new Set(digests).size).toBe(1);
      expect((await b().messages('chat')).length).toBeGreaterThanOrEqual(2_000);
    });
    const reference = await valuesAt(a, 'chat');
    for (const node of others) {
      expectOnceAndInOrder(await node.messages('chat'));
      expect(await valuesAt(node, 'chat')).toEqual(reference);
    }
  });
});

describe('subscriptions', () => {
  it('are known to all live nodes when the answer comes, and end when told', async () => {
    const first = await a.post('/subscribe', { topic: 'sports.*' });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ topic: 'sports.*', node: 'A', known: { by: 4, of: 4 } });
    expect((await a.post('/subscribe', { topic: 'sports.*' })).status).toBe(200);
    await b().post('/publish?ack=all', { topic: 'sports.ski', message: 'gold' });
    expect(await valuesAt(a, 'sports.ski')).toEqual(['gold']);
    expect((await a.post('/unsubscribe', { topic: 'sports.*' })).status).toBe(200);
    expect((await a.post('/unsubscribe', { topic: 'sports.*' })).status).toBe(200);
    await eventually(async () => {
      const { body } = await b().get<{ items: { topic: string; nodes: string[] }[] }>('/topics');
      expect(body.items.find((row) => row.topic === 'sports.*')?.nodes ?? []).not.toContain('A');
    }, AT_ONCE_MS);
    expect((await a.status()).subscriptions).toEqual(['chat']);
  });

  it('are told to every node: who gets which topic', async () => {
    for (const node of cluster.nodes) {
      const { body } = await node.get<{ items: { topic: string; nodes: string[] }[] }>('/topics');
      expect(body.items).toMatchObject([
        { topic: 'chat', nodes: ['A', 'B', 'C', 'D'] },
        { topic: 'news', nodes: ['B', 'C'] },
      ]);
    }
  });
});

describe('the status', () => {
  it('shows the node, its peers, topics and a healthy cluster on which all agree', async () => {
    const views = await Promise.all(cluster.nodes.map((node) => node.status()));
    for (const [index, view] of views.entries()) {
      const name = cluster.nodes[index]?.name;
      expect(view.node).toMatchObject({ name, url: cluster.nodes[index]?.url });
      expect(view.peers.map((peer) => [peer.name, peer.state]).toSorted()).toEqual(
        ['A', 'B', 'C', 'D'].filter((other) => other !== name).map((other) => [other, 'alive']),
      );
      expect(view.cluster).toMatchObject({ size: 4, state: 'healthy' });
    }
    expect(new Set(views.map((view) => view.cluster.digest)).size).toBe(1);
  });

  it('comes with a page of documentation that is served by every node', async () => {
    expect((await a.get('/docs')).status).toBe(200);
    const document = await a.get<{ paths: Record<string, unknown> }>('/docs-json');
    expect(Object.keys(document.body.paths)).toEqual(expect.arrayContaining(['/publish', '/subscribe', '/status']));
  });
});

function b(): NodeProcess {
  return cluster.node('B');
}
