import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { post, request, startApiNode } from './api-node.js';

const LIMIT_MS = 120_000;
const POLL = { timeout: 60_000, interval: 100 };

/** Takes the database's one place for writing, and gives it back when its input ends. */
const HOLDER = `
  import { readSync, writeSync } from 'node:fs';
  import { open } from 'lmdb';
  const database = open({ path: process.argv[1], maxDbs: 1 });
  database.transactionSync(() => {
    writeSync(1, 'held');
    readSync(0, Buffer.alloc(1));
  });
  await database.close();
`;

async function hold(store: string): Promise<() => Promise<void>> {
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, store], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  return async () => {
    holder.stdin.end();
    await ended;
  };
}

describe('a node whose store does not answer', { timeout: LIMIT_MS }, () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'grapevine-'));
  });

  afterEach(() => rm(dataDir, { recursive: true }));

  it('refuses publications and says so, and goes on by itself with what was waiting', async () => {
    const node = await startApiNode('A', { store: 'lmdb', dataDir });
    const publish = (message: unknown) => post(node, '/publish', { topic: 'chat', message });
    const seen = async (): Promise<unknown> =>
      ((await request(node, '/messages?topic=chat')).body['items'] as { message: unknown }[]).map(
        (item) => item.message,
      );
    expect((await publish('before')).status).toBe(202);
    const letGo = await hold(join(dataDir, 'store'));
    try {
      const waiting = await Promise.all([publish('written'), publish('behind it')]);
      const refused = { status: 503, body: { code: 'store-failing' } };
      expect(waiting).toMatchObject([refused, refused]);
      expect(waiting.map(({ headers }) => headers.get('retry-after'))).toEqual(['1', '1']);
      expect(await publish('later')).toMatchObject(refused);
      expect(await request(node, '/health/ready')).toMatchObject(refused);
      expect((await request(node, '/status')).body).toMatchObject({ store: 'failing', isReady: false });
      expect((await request(node, '/health/live')).status).toBe(200);
      expect(await seen()).toEqual(['before']);
    } finally {
      await letGo();
    }
    await expect.poll(async () => (await request(node, '/health/ready')).status, POLL).toBe(200);
    expect((await publish('after')).status).toBe(202);
    expect(await seen()).toEqual(['before', 'written', 'after']);
    expect((await request(node, '/status')).body).toMatchObject({ store: 'ok', isReady: true });
    await node.close();
  });
});
