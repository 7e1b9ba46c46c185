import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode } from './api-node.js';
import { EventReader } from './event-reader.js';

const running = new Set<RunningNode>();
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'grapevine-'));
});

afterEach(async () => {
  await Promise.all([...running].map(stop));
  await rm(dataDir, { recursive: true });
});

async function start(name: string, options: Parameters<typeof startApiNode>[1] = {}): Promise<RunningNode> {
  const secret = 'correct horse battery staple, twice';
  const node = await startApiNode(name, { secret, subscriptions: ['pay'], ...options });
  running.add(node);
  return node;
}

async function stop(node: RunningNode): Promise<void> {
  running.delete(node);
  await node.close();
}

async function publish(node: RunningNode, message: unknown, key?: string): Promise<void> {
  const headers = key === undefined ? undefined : { 'idempotency-key': key };
  expect(await post(node, '/publish?ack=all', { topic: 'pay', message }, headers)).toMatchObject({ status: 200 });
}

const valueOf = (item: unknown): unknown => (item as { message: unknown }).message;

/** What an event stream gives after a cursor, up to the message `last`, and its cursors by message. */
async function read(node: RunningNode, after: string, last: unknown): Promise<Map<unknown, string>> {
  const reader = new EventReader();
  const got = new Map<unknown, string>();
  await reader.open(node, 'topic=pay', { 'last-event-id': after });
  try {
    for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
      if (event.event !== undefined) continue;
      expect([...got.keys()]).not.toContain(valueOf(event.data));
      got.set(valueOf(event.data), event.id!);
      if (valueOf(event.data) === last) break;
    }
  } finally {
    reader.close();
  }
  return got;
}

describe('a publication that is tried again at another node under its key', () => {
  it('reaches a reader once that has the first copy and moves, also when the node has started anew', async () => {
    const a = await start('A');
    const options = { peers: [a.url], store: 'lmdb' as const, dataDir };
    let b = await start('B', options);
    const begin = ((await request(a, '/messages?topic=pay')).body['next'] as string) ?? '';
    await publish(a, 'paid', 'key');
    const cursor = (await read(a, begin, 'paid')).get('paid')!;
    await publish(b, 'paid', 'key');
    await publish(b, 'last');
    expect([...(await read(b, cursor, 'last')).keys()]).toEqual(['last']);
    await stop(b);
    b = await start('B', options);
    expect([...(await read(b, cursor, 'last')).keys()]).toEqual(['last']);
    const page = await request(b, `/messages?topic=pay&after=${encodeURIComponent(cursor)}`);
    expect((page.body['items'] as unknown[]).map(valueOf)).toEqual(['last']);
  });

  it('reaches a reader that was given neither copy', async () => {
    const a = await start('A');
    const b = await start('B', { peers: [a.url] });
    const begin = (await request(a, '/messages?topic=pay')).body['next'] as string;
    await publish(a, 'paid', 'key');
    await publish(b, 'paid', 'key');
    await publish(b, 'last');
    for (const node of [a, b]) expect([...(await read(node, begin, 'last')).keys()]).toEqual(['paid', 'last']);
  });
});
