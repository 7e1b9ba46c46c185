import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTEREST_ENTRIES_MAX } from '../../src/peers/interest/interest.js';
import { ERRORS, type ErrorCode } from '../../src/runtime/errors.js';
import type { RunningNode } from '../../src/start-node.js';
import { freePorts } from '../e2e/node-process.js';
import { post, request, startApiNode, type Answered } from './api-node.js';

/** A whole number of seconds, at least one. */
const SECONDS = /^[1-9]\d*$/;

function expectTryAgain({ status, headers, body }: Answered, code: ErrorCode): void {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect({ status, code: body['code'] }).toEqual({ status: ERRORS[code].status, code });
  expect(headers.get('retry-after')).toMatch(SECONDS);
  expect(headers.get('cache-control')).toContain('no-store');
}

describe('a node whose peer does not answer', () => {
  const held: Socket[] = [];
  let silent: Server;

  beforeAll(async () => {
    silent = createServer((socket) => held.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  afterAll(() => {
    silent.close();
    for (const socket of held) socket.destroy();
  });

  it('lives, but is not ready until it has waited for it; then it goes on alone', async () => {
    const [port = 0] = await freePorts(1);
    const peer = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const starting = startApiNode('A', { port, peers: [peer] });
    const early = { url: `http://127.0.0.1:${port}` } as RunningNode;
    const notReady = await expect
      .poll(() => request(early, '/health/ready'), { interval: 10, timeout: 10_000 })
      .toMatchObject({ status: 503 })
      .then(() => request(early, '/health/ready'));
    expectTryAgain(notReady, 'not-ready');
    expect((await request(early, '/health/live')).status).toBe(200);
    const node = await starting;
    expect(held.length).toBeGreaterThan(0);
    expect((await request(node, '/health/ready')).status).toBe(200);
    await node.close();
  });
});

describe('a node that drains', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A');
    await node.grapevine.drain();
  });

  afterAll(() => node.close());

  it.each([
    ['POST /publish', () => post(node, '/publish', { topic: 'chat', message: 1 })],
    ['POST /subscribe', () => post(node, '/subscribe', { topic: 'news' })],
    ['POST /unsubscribe', () => post(node, '/unsubscribe', { topic: 'chat' })],
    ['GET /stream', () => request(node, '/stream?topic=chat')],
    ['GET /health/ready', () => request(node, '/health/ready')],
  ])('answers %s with when to try again', async (_name, ask) => {
    expectTryAgain(await ask(), 'draining');
  });

  it('still lives', async () => {
    expect((await request(node, '/health/live')).status).toBe(200);
  });
});

describe('a node with as many subscriptions as it may have', () => {
  it('answers one more with when to try again, and one it has as ever', async () => {
    const subscriptions = Array.from({ length: INTEREST_ENTRIES_MAX }, (_, index) => `full.${index}`);
    const node = await startApiNode('A', { subscriptions });
    expectTryAgain(await post(node, '/subscribe', { topic: 'full.more' }), 'too-many-subscriptions');
    expect((await post(node, '/subscribe', { topic: 'full.0' })).status).toBe(200);
    await node.close();
  });
});
