import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startNode, type GrapevineMessage, type GrapevineOptions, type RunningNode } from '../../src/index.js';

const secret = 'correct horse battery staple, twice';
const running: RunningNode[] = [];

/** A node of the test's cluster that is stopped after the test. */
async function start(name: string, options: Partial<GrapevineOptions> = {}): Promise<RunningNode> {
  const peers = running.slice(0, 1).map(({ url }) => url);
  const node = await startNode({
    name,
    port: 0,
    peers,
    secret,
    store: 'memory',
    profile: 'local',
    logLevel: 'silent',
    ...options,
  });
  running.push(node);
  return node;
}

async function startCluster<const Names extends readonly string[]>(
  ...names: Names
): Promise<{ [name in keyof Names]: RunningNode }> {
  const nodes: RunningNode[] = [];
  for (const name of names) nodes.push(await start(name));
  for (const { grapevine } of nodes) await expect.poll(() => grapevine.status().cluster.size).toBe(names.length);
  return nodes as { [name in keyof Names]: RunningNode };
}

/** Subscribes and keeps what comes. */
async function listen(node: RunningNode, topic: string, options = {}): Promise<GrapevineMessage[]> {
  const heard: GrapevineMessage[] = [];
  await node.grapevine.subscribe(topic, (message) => void heard.push(message), options);
  return heard;
}

const values = (messages: readonly GrapevineMessage[]): unknown[] => messages.map(({ message }) => message);

async function stop(node: RunningNode): Promise<void> {
  running.splice(running.indexOf(node), 1);
  await node.close();
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.close()));
});

describe('nodes in one process', () => {
  it('lets timers and sockets have their turn while it publishes one message after the other', async () => {
    const a = await start('A');
    const fired: string[] = [];
    setTimeout(() => fired.push('timer'), 1);
    // Without turns in between no timer would ever fire.
    for (let sent = 0; fired.length === 0 && sent < 20_000; sent++) await a.grapevine.publish('orders', sent);
    expect(fired).toEqual(['timer']);
  });

  it('are not started under the name of another one of the cluster', async () => {
    const [a] = await startCluster('A');
    await expect(start('A')).rejects.toThrow(`the name A is taken: ${a.url} has it, and answers`);
    expect(a.grapevine.status().cluster).toMatchObject({ size: 1, state: 'healthy' });
  });

  it('bring a message to the subscribers of all nodes, with all that belongs to it', async () => {
    const [a, b, c] = await startCluster('A', 'B', 'C');
    const heard = [await listen(a, 'orders.created'), await listen(b, 'orders.*'), await listen(c, '>')];
    const receipt = await a.grapevine.publish('orders.created', { id: 7 }, { headers: { trace: 'x' }, ack: 'all' });
    expect(receipt).toMatchObject({
      topic: 'orders.created',
      publisher: 'A',
      seq: 1,
      ack: { level: 'all', confirmed: 3, of: 3 },
    });
    const { ack: _ack, ...place } = receipt;
    const message = { ...place, message: { id: 7 }, headers: { trace: 'x' } };
    for (const messages of heard) await expect.poll(() => messages).toEqual([message]);
  });

  it('give a burst in the order of its publisher, each message once', async () => {
    const [a, b] = await startCluster('A', 'B');
    const heard = await listen(b, 'burst.*');
    const numbers = Array.from({ length: 3_000 }, (_, index) => index);
    await Promise.all(numbers.map((number) => a.grapevine.publish('burst.x', number)));
    await expect.poll(() => heard.length).toBe(numbers.length);
    expect(values(heard)).toEqual(numbers);
  });

  it('give bytes as bytes and every JSON value as it was', async () => {
    const [a, b] = await startCluster('A', 'B');
    const heard = await listen(b, 'values');
    const published = [new Uint8Array([0, 255, 128]), null, false, 0, '', 'ü', [1, [2]], { $bytes: 'no base64' }];
    for (const value of published) await a.grapevine.publish('values', value);
    await expect.poll(() => heard.length).toBe(published.length);
    expect(values(heard)).toEqual(published);
  });

  it('resolve subscribe when the others know, so that nothing published afterwards is missed', async () => {
    const [a, b, c] = await startCluster('A', 'B', 'C');
    const heard: GrapevineMessage[] = [];
    const subscription = await c.grapevine.subscribe('chat', (message) => void heard.push(message), {
      timeoutMs: 10_000,
    });
    expect(subscription).toMatchObject({ topic: 'chat', known: { by: 3, of: 3 }, recovered: true });
    await Promise.all([a.grapevine.publish('chat', 'from A'), b.grapevine.publish('chat', 'from B')]);
    await expect.poll(() => values(heard).toSorted()).toEqual(['from A', 'from B']);
  });

  it('stop delivering to a handler that unsubscribed, and to all of a topic', async () => {
    const [a] = await startCluster('A');
    const stays = await listen(a, 'chat');
    const heard: GrapevineMessage[] = [];
    const subscription = await a.grapevine.subscribe('chat', async (message) => {
      heard.push(message);
      // From inside the handler, as it must not wait for itself.
      await subscription.unsubscribe();
    });
    await a.grapevine.publish('chat', 1);
    await a.grapevine.publish('chat', 2);
    await expect.poll(() => values(stays)).toEqual([1, 2]);
    expect(values(heard)).toEqual([1]);
    await a.grapevine.unsubscribe('chat');
    const control = await listen(a, 'chat');
    await a.grapevine.publish('chat', 3);
    await expect.poll(() => values(control)).toEqual([3]);
    expect(values(stays)).toEqual([1, 2]);
  });

  it('replay what is retained, also at a node that had no interest before', async () => {
    const [a, b] = await startCluster('A', 'B');
    for (const value of [1, 2, 3]) await a.grapevine.publish('chat', value);
    const [here, there] = [
      await listen(a, 'chat', { after: 'retained' }),
      await listen(b, 'chat', { after: 'retained' }),
    ];
    await a.grapevine.publish('chat', 4);
    await expect.poll(() => values(here)).toEqual([1, 2, 3, 4]);
    await expect.poll(() => values(there)).toEqual([1, 2, 3, 4]);
  });

  it('go on after a cursor at another node, without hole or repeat', async () => {
    const [a, b] = await startCluster('A', 'B');
    const heard: GrapevineMessage[] = [];
    await a.grapevine.publish('chat', 'before');
    const first = await a.grapevine.subscribe('chat', (message) => void heard.push(message));
    for (const value of [1, 2]) await a.grapevine.publish('chat', value);
    await expect.poll(() => values(heard)).toEqual([1, 2]);
    const cursor = first.cursor();
    await first.unsubscribe();
    for (const value of [3, 4]) await a.grapevine.publish('chat', value);
    const handler = (message: GrapevineMessage) => void heard.push(message);
    const resumed = await b.grapevine.subscribe('chat', handler, { after: cursor });
    expect(resumed.recovered).toBe(true);
    await a.grapevine.publish('chat', 5);
    await expect.poll(() => values(heard)).toEqual([1, 2, 3, 4, 5]);
  });

  it('do not take for new what was published before a subscription, when it goes on elsewhere', async () => {
    const [a, b, c] = await startCluster('A', 'B', 'C');
    await a.grapevine.publish('chat', 'old');
    // Where an interest begins is as sharp as the clock offset that a loaded machine lets the nodes measure.
    const publishedMs = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(publishedMs + 200);
    const first = await b.grapevine.subscribe('chat', () => undefined);
    const cursor = first.cursor();
    await first.unsubscribe();
    for (const value of [1, 2]) await a.grapevine.publish('chat', value);
    const heard: GrapevineMessage[] = [];
    const handler = (message: GrapevineMessage) => void heard.push(message);
    const resumed = await c.grapevine.subscribe('chat', handler, { after: cursor });
    expect(resumed.recovered).toBe(true);
    await a.grapevine.publish('chat', 3);
    await expect.poll(() => values(heard)).toEqual([1, 2, 3]);
  });

  it('give the first receipt again for an idempotency key, and deliver its repeats at other nodes once', async () => {
    const [a, b, c] = await startCluster('A', 'B', 'C');
    const heard = await listen(c, 'pay');
    const first = await a.grapevine.publish('pay', 1, { idempotencyKey: 'k' });
    expect(await a.grapevine.publish('pay', 1, { idempotencyKey: 'k' })).toEqual(first);
    await expect(a.grapevine.publish('pay', 2, { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'idempotency-mismatch',
    });
    await b.grapevine.publish('pay', 1, { idempotencyKey: 'k' });
    await b.grapevine.publish('pay', 'last');
    await a.grapevine.publish('pay', 'last');
    await expect.poll(() => values(heard).toSorted()).toEqual([1, 'last', 'last']);
  });

  it('do not deliver what has expired', async () => {
    const [a] = await startCluster('A');
    await a.grapevine.publish('chat', 'short-lived', { ttlMs: 1 });
    await a.grapevine.publish('chat', 'lasting', { ttlMs: 60_000 });
    const heard = await listen(a, 'chat', { after: 'retained' });
    await expect.poll(() => values(heard)).toEqual(['lasting']);
  });

  it('refuse what is no topic, no pattern, no cursor, no value or too large', async () => {
    const [a] = await startCluster('A');
    const { grapevine } = a;
    const large = new Uint8Array(256 * 1024 + 1);
    await expect(grapevine.publish('a.*', 1)).rejects.toMatchObject({ code: 'invalid-topic' });
    await expect(grapevine.publish('a', undefined)).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(grapevine.publish('a', 1n)).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(grapevine.publish('a', 1, { headers: { a: '\ud800' } })).rejects.toMatchObject({
      code: 'invalid-request',
    });
    await expect(grapevine.publish('a', large)).rejects.toMatchObject({ code: 'too-large' });
    await expect(grapevine.subscribe('a..b', () => undefined)).rejects.toMatchObject({ code: 'invalid-pattern' });
    await expect(grapevine.subscribe('a', () => undefined, { after: '%' })).rejects.toMatchObject({
      code: 'invalid-cursor',
    });
  });

  it('tell with the receipt how far a message came when an ack level is not reached', async () => {
    const [a] = await startCluster('A');
    const publishing = a.grapevine.publish('chat', 1, { ack: 2, timeoutMs: 50 });
    await expect(publishing).rejects.toMatchObject({
      code: 'ack-timeout',
      details: { extra: { topic: 'chat', publisher: 'A', seq: 1, ack: { level: 2, confirmed: 1, of: 1 } } },
    });
  });
});

describe('a handler', () => {
  it('is tried again when it fails, then given up, while the order stays', async () => {
    const [a] = await startCluster('A');
    const tried: unknown[] = [];
    const givenUp: unknown[] = [];
    await a.grapevine.subscribe(
      'chat',
      async ({ message }) => {
        tried.push(message);
        if (message === 'bad' || tried.length === 1) throw new Error(`no ${String(message)}`);
      },
      { attempts: 2, onError: (error, { message }) => givenUp.push([(error as Error).message, message]) },
    );
    for (const message of ['good', 'bad', 'last']) await a.grapevine.publish('chat', message);
    await expect.poll(() => tried).toEqual(['good', 'good', 'bad', 'bad', 'last']);
    expect(givenUp).toEqual([['no bad', 'bad']]);
  });

  it('that is durable goes on after a restart where it was done', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'grapevine-'));
    const options = { store: 'lmdb', dataDir } as const;
    const done: unknown[] = [];
    const first = await start('A', options);
    let isBroken = true;
    const work = ({ message }: GrapevineMessage) => {
      if (isBroken && message === 3) throw new Error('broken');
      done.push(message);
    };
    await first.grapevine.subscribe('jobs', work, { durable: 'worker', attempts: 100 });
    for (const job of [1, 2, 3, 4]) await first.grapevine.publish('jobs', job);
    await expect.poll(() => done).toEqual([1, 2]);
    await stop(first);
    isBroken = false;
    const second = await start('A', options);
    await second.grapevine.publish('jobs', 5);
    const again = await second.grapevine.subscribe('jobs', work, { durable: 'worker' });
    expect(again.recovered).toBe(true);
    await expect.poll(() => done).toEqual([1, 2, 3, 4, 5]);
    await stop(second);
    await rm(dataDir, { recursive: true });
  });

  it('that is durable starts anew once it has unsubscribed', async () => {
    const [a] = await startCluster('A');
    const subscription = await a.grapevine.subscribe('jobs', () => undefined, { durable: 'worker' });
    await expect(listen(a, 'jobs', { durable: 'worker' })).rejects.toMatchObject({ code: 'invalid-request' });
    await subscription.unsubscribe();
    await a.grapevine.publish('jobs', 'missed');
    const heard = await listen(a, 'jobs', { durable: 'worker' });
    await a.grapevine.publish('jobs', 'heard');
    await expect.poll(() => values(heard)).toEqual(['heard']);
  });
});

describe('draining', () => {
  it('hands over what was published, lets handlers finish, and refuses what comes after', async () => {
    const [a, b] = await startCluster('A', 'B');
    const heard = await listen(b, 'chat');
    const finished: unknown[] = [];
    let finish: () => void = () => undefined;
    const begun = new Promise<void>((begin) => {
      void a.grapevine.subscribe('work', async ({ message }) => {
        begin();
        await new Promise<void>((resolve) => (finish = resolve));
        finished.push(message);
      });
    });
    await a.grapevine.publish('work', 'one');
    await begun;
    const published = Array.from({ length: 200 }, (_, index) => a.grapevine.publish('chat', index));
    const drained = a.grapevine.drain();
    finish();
    await Promise.all([...published, drained]);
    expect(finished).toEqual(['one']);
    await expect.poll(() => heard.length).toBe(published.length);
    await expect(a.grapevine.publish('chat', 'late')).rejects.toMatchObject({ code: 'draining' });
    await expect(a.grapevine.subscribe('chat', () => undefined)).rejects.toMatchObject({ code: 'draining' });
    await expect
      .poll(() => b.grapevine.status().peers.map(({ name, state }) => [name, state]))
      .toEqual([['A', 'left']]);
    expect(b.grapevine.status().cluster).toMatchObject({ size: 1, state: 'healthy' });
  });

  it('is what close does, once', async () => {
    const [a, b] = await startCluster('A', 'B');
    await Promise.all([a.close(), a.close()]);
    await expect.poll(() => b.grapevine.status().cluster.size).toBe(1);
  });
});
