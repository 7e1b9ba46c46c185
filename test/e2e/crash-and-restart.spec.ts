import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { expectOnceAndInOrder, LocalCluster, valuesAt } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';

const DEAD_WITHIN_MS = 3_000;
const CAUGHT_UP_WITHIN_MS = 5_000;

let cluster: LocalCluster;

beforeEach(async () => {
  cluster = await LocalCluster.start();
});

afterEach(() => cluster.stop());

async function publishMany(node: NodeProcess, prefix: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 100) {
    const length = Math.min(100, count - first);
    const batch = Array.from({ length }, (_, index) => ({ topic: 'chat', message: `${prefix} ${first + index}` }));
    expect((await node.post('/publish', batch)).status).toBe(200);
  }
}

async function stateAt(node: NodeProcess, name: string): Promise<string | undefined> {
  return (await node.status()).peers.find((peer) => peer.name === name)?.state;
}

describe('a node that is killed', () => {
  it('is dead at the others within 3 s, publishing goes on, and after its restart it has all it missed', async () => {
    const others = ['A', 'B', 'C'].map((name) => cluster.node(name));
    await publishMany(cluster.node('D'), 'early', 50);
    await cluster.node('D').crash();
    await eventually(async () => {
      for (const node of others) expect(await stateAt(node, 'D')).toBe('dead');
    }, DEAD_WITHIN_MS);
    expect((await others[0]!.status()).cluster).toMatchObject({ size: 3, state: 'degraded' });
    await publishMany(others[0]!, 'missed', 2_000);
    const receipt = await others[1]!.post('/publish?ack=all', { topic: 'chat', message: 'last' });
    expect(receipt.body).toMatchObject({ ack: { confirmed: 3, of: 3 } });

    const restarted = await cluster.restart('D').ready();
    await eventually(async () => expect(await restarted.messages('chat')).toHaveLength(2_051), CAUGHT_UP_WITHIN_MS);
    expectOnceAndInOrder(await restarted.messages('chat'));
    expect(await valuesAt(restarted, 'chat')).toEqual(await valuesAt(others[0]!, 'chat'));
    await cluster.settled();
    expect((await others[0]!.status()).cluster).toMatchObject({ size: 4, state: 'healthy' });
  });

  it('in the middle of publishing: whatever one survivor has, all get', async () => {
    const publisher = cluster.node('A');
    const burst = publishMany(publisher, 'burst', 100_000).catch(() => 'killed');
    await eventually(async () => expect((await cluster.node('B').messages('chat')).length).toBeGreaterThan(200));
    await publisher.crash();
    expect(await burst).toBe('killed');
    const survivors = ['B', 'C', 'D'].map((name) => cluster.node(name));
    await eventually(async () => {
      const digests = await Promise.all(
        survivors.map(async (node) => (await node.status()).topics.find(({ topic }) => topic === 'chat')?.digest),
      );
      expect(new Set(digests).size).toBe(1);
    });
    const reference = await valuesAt(survivors[0]!, 'chat');
    for (const node of survivors) {
      expectOnceAndInOrder(await node.messages('chat'));
      expect(await valuesAt(node, 'chat')).toEqual(reference);
    }
  });
});

describe('a node that stands still for a while', () => {
  it('is missed and then back, with everything', async () => {
    const d = cluster.node('D');
    d.signal('SIGSTOP');
    await eventually(async () => expect(await stateAt(cluster.node('A'), 'D')).toBe('dead'), DEAD_WITHIN_MS);
    await publishMany(cluster.node('A'), 'meanwhile', 500);
    d.signal('SIGCONT');
    await cluster.settled();
    await eventually(async () => expect(await d.messages('chat')).toHaveLength(500), CAUGHT_UP_WITHIN_MS);
    expectOnceAndInOrder(await d.messages('chat'));
  });
});

describe('the restart of all nodes', () => {
  it('keeps history, identities and subscriptions', async () => {
    await cluster.node('D').post('/subscribe', { topic: 'later' });
    await publishMany(cluster.node('A'), 'kept', 300);
    await cluster.node('A').post('/publish?ack=all', { topic: 'chat', message: 'end' });
    const before = await valuesAt(cluster.node('A'), 'chat');
    const identities = await Promise.all(cluster.nodes.map(async (node) => (await node.status()).node.id));
    for (const node of cluster.nodes) expect(await node.terminate()).toBe(0);
    for (const { name } of cluster.nodes) cluster.restart(name);
    await cluster.settled();
    for (const node of cluster.nodes) {
      expect(await valuesAt(node, 'chat')).toEqual(before);
      expectOnceAndInOrder(await node.messages('chat'));
    }
    expect(await Promise.all(cluster.nodes.map(async (node) => (await node.status()).node.id))).toEqual(identities);
    expect((await cluster.node('D').status()).subscriptions).toEqual(['chat', 'later']);
  });
});
