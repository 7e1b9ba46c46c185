import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startNode, type GrapevineMessage, type GrapevineOptions, type RunningNode } from '../../src/index.js';

const secret = 'correct horse battery staple, twice';
const POLL = { timeout: 15_000, interval: 20 };

type Rule = { readonly publish?: readonly string[]; readonly read?: readonly string[] };

describe('nodes with a topic policy', { timeout: 60_000 }, () => {
  let folder: string;
  let running: RunningNode[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grapevine-'));
    running = [];
  });

  afterEach(async () => {
    await Promise.all(running.map((node) => node.close()));
    await rm(folder, { recursive: true });
  });

  /** A node whose policy is in a file of its own, open at first. */
  async function start(name: string, options: Partial<GrapevineOptions> = {}): Promise<RunningNode> {
    const fixed = { port: 0, secret, store: 'memory', profile: 'local', logLevel: 'silent' } as const;
    const peers = running.slice(0, 1).map(({ url }) => url);
    const node = await startNode({ name, peers, ...fixed, topicPolicyFile: await policy(name, {}), ...options });
    running.push(node);
    return node;
  }

  async function startAll(): Promise<[RunningNode, RunningNode, RunningNode]> {
    const nodes = [await start('A'), await start('B'), await start('C')] as [RunningNode, RunningNode, RunningNode];
    for (const { grapevine } of nodes) {
      await expect.poll(() => grapevine.status().peers.filter(({ isLinked }) => isLinked).length, POLL).toBe(2);
    }
    return nodes;
  }

  async function policy(name: string, topics: Readonly<Record<string, Rule>>): Promise<string> {
    const path = join(folder, name);
    await writeFile(`${path}.new`, JSON.stringify({ topics }));
    await rename(`${path}.new`, path);
    return path;
  }

  const idOf = ({ grapevine }: RunningNode): string => grapevine.status().node.id;
  const digestOf = ({ grapevine }: RunningNode): string => grapevine.status().rules.topicPolicy;

  /** Gives these nodes another policy, and waits until they have it. */
  async function decree(nodes: readonly RunningNode[], topics: Readonly<Record<string, Rule>>): Promise<void> {
    for (const node of nodes) {
      const before = digestOf(node);
      await policy(node.grapevine.status().node.name, topics);
      await expect.poll(() => digestOf(node), POLL).not.toBe(before);
    }
  }

  async function listen({ grapevine }: RunningNode, topic: string): Promise<unknown[]> {
    const heard: unknown[] = [];
    await grapevine.subscribe(topic, ({ message }: GrapevineMessage) => void heard.push(message));
    return heard;
  }

  /** What the node holds of a topic, whether or not it can read it. */
  const heldBy = ({ grapevine }: RunningNode, topic: string): number =>
    grapevine.status().topics.find((row) => row.topic === topic)?.count ?? 0;

  const agreesWith = ({ grapevine }: RunningNode, other: RunningNode): boolean | null | undefined =>
    grapevine.status().peers.find(({ id }) => id === idOf(other))?.sameTopicPolicy;

  it('do not start with one that is wrong, and say readably why', async () => {
    const topicPolicyFile = join(folder, 'wrong');
    await writeFile(topicPolicyFile, '{"topics": {"orders": {"publish": ["B"]}}}');
    await expect(start('A', { topicPolicyFile })).rejects.toThrow(
      `the topic policy ${topicPolicyFile} cannot be used: topic "orders": publish names "B", which is neither a thumbprint nor a group`,
    );
  });

  it('refuse to publish and to subscribe for their own users', async () => {
    const a = await start('A');
    await decree([a], { 'orders.>': { publish: [], read: [] } });
    await expect(a.grapevine.publish('orders.eu', 1)).rejects.toMatchObject({ code: 'may-not-publish', status: 403 });
    for (const pattern of ['orders.eu', 'orders.*', 'orders.>']) {
      await expect(listen(a, pattern)).rejects.toMatchObject({ code: 'may-not-read', status: 403 });
    }
    await a.grapevine.publish('news', 1);
    await listen(a, '>');
  });

  it('take nothing of a publisher that may not publish, lose nothing else, and fetch it once it may', async () => {
    const [a, b, c] = await startAll();
    const heard = [await listen(a, '>'), await listen(b, '>')];
    await decree([a, b], { orders: { publish: [idOf(a)] } });
    // C has no such rule, or does not keep it.
    await expect.poll(() => agreesWith(a, c), POLL).toBe(false);
    await expect.poll(() => agreesWith(c, a), POLL).toBe(false);
    await expect.poll(() => agreesWith(a, b), POLL).toBe(true);
    await c.grapevine.publish('orders', 'from C');
    // It waits for nobody who does not take it.
    const receipt = await c.grapevine.publish('orders', 'from C as well', { ack: 'all', timeoutMs: 10_000 });
    expect(receipt.ack).toMatchObject({ confirmed: 1, of: 1 });
    expect((await c.grapevine.publish('news', 'news', { ack: 'all', timeoutMs: 10_000 })).ack).toMatchObject({ of: 3 });
    await a.grapevine.publish('orders', 'from A', { ack: 'all', timeoutMs: 10_000 });
    for (const messages of heard) await expect.poll(() => messages, POLL).toEqual(['news', 'from A']);
    expect([heldBy(a, 'orders'), heldBy(b, 'orders')]).toEqual([1, 1]);
    await decree([a, b], {});
    for (const messages of heard) {
      await expect.poll(() => messages, POLL).toEqual(['news', 'from A', 'from C', 'from C as well']);
    }
    expect([agreesWith(a, c), agreesWith(c, a)]).toEqual([true, true]);
  });

  it('send a node that may not read neither messages nor keys, show its interest as ignored, and send all once it may', async () => {
    const [a, b, c] = await startAll();
    await decree([a, b], { orders: { read: [idOf(a), idOf(b)] } });
    const [atB, atC] = [await listen(b, 'orders'), await listen(c, 'orders')];
    await expect.poll(() => a.grapevine.status().rules.ignored, POLL).toEqual([{ node: 'C', topic: 'orders' }]);
    const { ack } = await a.grapevine.publish('orders', 1, { ack: 'all', timeoutMs: 10_000 });
    expect(ack).toMatchObject({ confirmed: 2, of: 2 });
    await expect.poll(() => atB, POLL).toEqual([1]);
    // Another topic has come on the same links since.
    const news = await listen(c, 'news');
    await a.grapevine.publish('news', 1, { ack: 'all', timeoutMs: 10_000 });
    await expect.poll(() => news, POLL).toEqual([1]);
    expect([atC, heldBy(c, 'orders')]).toEqual([[], 0]);
    await decree([a, b], {});
    await expect.poll(() => atC, POLL).toEqual([1]);
  });

  it('take the right to read away at once', async () => {
    const [a, b, c] = await startAll();
    const [atB, atC] = [await listen(b, 'orders'), await listen(c, 'orders')];
    await a.grapevine.publish('orders', 1, { ack: 'all', timeoutMs: 10_000 });
    await decree([a, b, c], { orders: { read: [idOf(a), idOf(b)] } });
    expect((await a.grapevine.publish('orders', 2, { ack: 'all', timeoutMs: 10_000 })).ack).toMatchObject({ of: 2 });
    await expect.poll(() => atB, POLL).toEqual([1, 2]);
    const news = await listen(c, 'news');
    await a.grapevine.publish('news', 1, { ack: 'all', timeoutMs: 10_000 });
    await expect.poll(() => news, POLL).toEqual([1]);
    expect(atC).toEqual([1]);
  });

  it('keep the rules they have while a new file is wrong', async () => {
    const a = await start('A');
    await decree([a], { orders: { publish: [] } });
    await writeFile(join(folder, 'A'), '{"topics": {"orders": {"publish": "everybody"}}}');
    await decree([await start('B')], { orders: { publish: [] } });
    await expect(a.grapevine.publish('orders', 1)).rejects.toMatchObject({ code: 'may-not-publish' });
    await decree([a], {});
    await a.grapevine.publish('orders', 1);
  });
});
