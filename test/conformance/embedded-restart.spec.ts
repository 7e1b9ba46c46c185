import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startNode, type GrapevineOptions, type RunningNode } from '../../src/index.js';

const base = {
  port: 0,
  secret: 'correct horse battery staple, twice',
  profile: 'local',
  logLevel: 'silent',
  api: { prefix: '' },
} as const;
const running = new Set<RunningNode>();
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'grapevine-'));
});

afterEach(async () => {
  await Promise.all([...running].map(stop));
  await rm(dataDir, { recursive: true });
});

async function start(options: Partial<GrapevineOptions> & { name: string }): Promise<RunningNode> {
  const node = await startNode({ ...base, ...options });
  running.add(node);
  return node;
}

async function stop(node: RunningNode): Promise<void> {
  running.delete(node);
  await node.close();
}

async function call(node: RunningNode, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const request = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${node.url}${path}`, request);
  return { status: response.status, body: await response.json() };
}

async function messagesOf(node: RunningNode, topic: string): Promise<unknown[]> {
  const { body } = await call(node, `/messages?topic=${topic}`);
  return (body as { items: { message: unknown }[] }).items.map(({ message }) => message);
}

describe('a node that restarts on its data folder', () => {
  it('keeps what it subscribed to, the messages it had, and gets those it missed, in order and once', async () => {
    const a = await start({ name: 'A', store: 'memory' });
    const options = { name: 'B', dataDir, peers: [a.url], subscriptions: ['chat', 'old'] };
    const first = await start(options);
    expect(await call(first, '/subscribe', { topic: 'news.>' })).toMatchObject({
      status: 201,
      body: { topic: 'news.>', node: 'B', subscriptions: ['chat', 'news.>', 'old'], known: { by: 2, of: 2 } },
    });
    expect(await call(first, '/subscribe', { topic: 'news.>' })).toMatchObject({ status: 200 });
    expect((await call(first, '/unsubscribe', { topic: 'old' })).body).toMatchObject({
      subscriptions: ['chat', 'news.>'],
    });
    for (const message of [1, 2]) await a.grapevine.publish('chat', message, { ack: 'all' });
    await stop(first);
    for (const message of [3, 4]) await a.grapevine.publish('chat', message);
    await a.grapevine.publish('news.eu', 'a stream that began while B was away');
    const second = await start({ ...options, subscriptions: ['ignored'] });
    expect((await call(second, '/status')).body).toMatchObject({ subscriptions: ['chat', 'news.>'] });
    await a.grapevine.publish('chat', 5);
    await expect.poll(() => messagesOf(second, 'chat')).toEqual([1, 2, 3, 4, 5]);
    await expect.poll(() => messagesOf(second, 'news.eu')).toEqual(['a stream that began while B was away']);
    expect(await call(second, '/messages?topic=old')).toMatchObject({ status: 409, body: { code: 'no-interest' } });
  });

  it('gives cursors that still mean the same afterwards', async () => {
    const first = await start({ name: 'A', dataDir, subscriptions: ['chat'] });
    for (const message of [1, 2, 3]) await first.grapevine.publish('chat', message);
    const { body } = await call(first, '/messages?topic=chat&limit=2');
    await stop(first);
    const second = await start({ name: 'A', dataDir });
    await second.grapevine.publish('chat', 4);
    const { next } = body as { next: string };
    const page = (await call(second, `/messages?topic=chat&after=${next}`)).body;
    expect(page).toMatchObject({ items: [{ message: 3 }, { message: 4 }] });
    const heard: unknown[] = [];
    const { recovered } = await second.grapevine.subscribe('chat', ({ message }) => heard.push(message), {
      after: next,
    });
    expect(recovered).toBe(true);
    await expect.poll(() => heard).toEqual([3, 4]);
  });

  it('leaves nothing out after a cursor of a store that was lost', async () => {
    const before = await start({ name: 'A', dataDir, subscriptions: ['chat'] });
    for (const value of ['old 1', 'old 2', 'old 3']) await before.grapevine.publish('chat', value);
    const { body } = await call(before, '/messages?topic=chat');
    const { next } = body as { next: string };
    await stop(before);
    await rm(join(dataDir, 'store'), { recursive: true });
    const anew = await start({ name: 'A', dataDir });
    for (const value of ['new 1', 'new 2']) await anew.grapevine.publish('chat', value);
    expect(await messagesOf(anew, `chat&after=${next}`)).toEqual(['new 1', 'new 2']);
  });
});
