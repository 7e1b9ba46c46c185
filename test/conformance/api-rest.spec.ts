import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode, type Answered } from './api-node.js';

let node: RunningNode;

beforeAll(async () => {
  node = await startApiNode('A', { bodyBytes: 300_000 });
});

afterAll(() => node.close());

function expectProblem(answered: Answered, status: number, code: string): void {
  expect(answered.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answered.status).toBe(status);
  expect(answered.body).toMatchObject({ type: `urn:grapevine:error:${code}`, status, code });
  expect(answered.body['title']).toEqual(expect.any(String));
  expect(answered.body['errors']).toEqual(expect.any(Array));
}

const messagesOf = async (topic: string): Promise<Record<string, unknown>[]> =>
  (await request(node, `/messages?topic=${topic}&limit=1000`)).body['items'] as Record<string, unknown>[];

describe('POST /publish', () => {
  it('answers 202 with a receipt that names the message as GET /messages does', async () => {
    const { status, body } = await post(node, '/publish', {
      topic: 'chat',
      message: { n: 1 },
      headers: { lang: 'en' },
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ topic: 'chat', publisher: 'A', ack: { level: 'local', confirmed: 1, of: 1 } });
    expect(body['id']).toBe(`${String(body['stream'])}.${String(body['seq'])}`);
    const { ack, ...named } = body;
    expect(ack).toBeDefined();
    const found = (await messagesOf('chat')).find(({ id }) => id === body['id']);
    expect(found).toEqual({ ...named, message: { n: 1 }, headers: { lang: 'en' } });
  });

  it('answers 200 when a higher level was asked for and reached', async () => {
    const { status, body } = await post(node, '/publish?ack=all&timeoutMs=1000', { topic: 'chat', message: 1 });
    expect(status).toBe(200);
    expect(body['ack']).toEqual({ level: 'all', confirmed: 1, of: 1 });
  });

  it('answers 504 with the receipt when not in time', async () => {
    const answered = await post(node, '/publish?ack=3&timeoutMs=20', { topic: 'chat', message: 'late' });
    expectProblem(answered, 504, 'ack-timeout');
    expect(answered.body).toMatchObject({
      topic: 'chat',
      publisher: 'A',
      seq: expect.any(Number),
      ack: { level: 3, confirmed: 1 },
    });
    expect((await messagesOf('chat')).map(({ id }) => id)).toContain(answered.body['id']);
  });

  it('takes bytes as base64', async () => {
    const { body } = await post(node, '/publish', { topic: 'chat', message: { $bytes: 'AP8=' } });
    expect((await messagesOf('chat')).find(({ id }) => id === body['id'])?.['message']).toEqual({ $bytes: 'AP8=' });
  });

  it('publishes an array in order, and tells what is wrong with one message in its place', async () => {
    const batch = [
      { topic: 'chat', message: 'one' },
      { topic: 'no good', message: 'two' },
      { topic: 'chat', message: 'three' },
    ];
    const { status, body } = await post(node, '/publish', batch);
    const items = body['items'] as Record<string, unknown>[];
    expect(status).toBe(200);
    expect(items).toHaveLength(3);
    expect(items[1]).toMatchObject({ problem: { code: 'invalid-topic', status: 400 } });
    expect(Number(items[2]?.['seq'])).toBe(Number(items[0]?.['seq']) + 1);
  });

  it('publishes a message a line', async () => {
    const lines = '{"topic":"chat","message":"a"}\n\nnot json\n{"topic":"chat","message":"b"}';
    const { status, body } = await post(node, '/publish', lines, { 'content-type': 'application/x-ndjson' });
    expect(status).toBe(200);
    expect(body['items']).toMatchObject([
      { topic: 'chat' },
      { problem: { code: 'malformed-request' } },
      { topic: 'chat' },
    ]);
  });

  it('gives a repeat under one idempotency key the first receipt, and refuses another body', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    const first = await post(node, '/publish', { topic: 'chat', message: 17 }, headers);
    const again = await post(node, '/publish', { topic: 'chat', message: 17 }, headers);
    expect(again.body).toEqual(first.body);
    expectProblem(await post(node, '/publish', { topic: 'chat', message: 18 }, headers), 422, 'idempotency-mismatch');
    expectProblem(await post(node, '/publish', [{ topic: 'chat', message: 17 }], headers), 422, 'idempotency-mismatch');
  });

  it('holds a batch to its idempotency key as well', async () => {
    const headers = { 'idempotency-key': 'batch-1' };
    const batch = [
      { topic: 'chat', message: 1 },
      { topic: 'chat', message: 2 },
    ];
    const first = await post(node, '/publish', batch, headers);
    expect((await post(node, '/publish', batch, headers)).body).toEqual(first.body);
    expectProblem(await post(node, '/publish', batch.slice(1), headers), 422, 'idempotency-mismatch');
  });

  it('frees an idempotency key whose request was refused', async () => {
    const headers = { 'idempotency-key': 'typo' };
    expectProblem(await post(node, '/publish', { topic: 'a b', message: 1 }, headers), 400, 'invalid-topic');
    expect((await post(node, '/publish', { topic: 'chat', message: 1 }, headers)).status).toBe(202);
  });

  it.each([
    ['not JSON', '{"topic":', {}, 400, 'malformed-request'],
    ['an empty body', '', {}, 400, 'malformed-request'],
    ['no object', '"chat"', {}, 400, 'invalid-request'],
    ['an unknown field', '{"topic":"chat","message":1,"tll":1}', {}, 400, 'invalid-request'],
    ['a key that pollutes prototypes', '{"topic":"chat","message":{"__proto__":{}}}', {}, 400, 'invalid-request'],
    ['deep nesting', `{"topic":"chat","message":${'['.repeat(9_000)}${']'.repeat(9_000)}}`, {}, 400, 'invalid-request'],
    ['text', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['a form', 'topic=chat', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
    ['a body above the limit', `"${'x'.repeat(300_001)}"`, {}, 413, 'too-large'],
    ['a message above the limit', `{"topic":"chat","message":"${'x'.repeat(262_144)}"}`, {}, 413, 'too-large'],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    expectProblem(await post(node, '/publish', body, headers), status, code);
  });

  it('names unknown and wrong parameters of the query', async () => {
    const answered = await post(node, '/publish?ack=most&timeout=5', { topic: 'chat', message: 1 });
    expectProblem(answered, 400, 'invalid-request');
    expect(answered.body['errors']).toMatchObject([{ field: 'timeout' }, { field: 'ack' }]);
  });
});

describe('POST /subscribe and /unsubscribe', () => {
  it('answer 201 first and 200 again, with all subscriptions of the node', async () => {
    const first = await post(node, '/subscribe', { topic: 'news.>' });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      topic: 'news.>',
      node: 'A',
      subscriptions: ['chat', 'news.>'],
      known: { by: 1, of: 1 },
    });
    expect((await post(node, '/subscribe', { topic: 'news.>', after: 'retained' })).status).toBe(200);
    const gone = await post(node, '/unsubscribe', { topic: 'news.>' });
    expect(gone.status).toBe(200);
    expect(gone.body).toMatchObject({ topic: 'news.>', node: 'A', subscriptions: ['chat'] });
    expect((await post(node, '/unsubscribe', { topic: 'news.>' })).status).toBe(200);
  });

  it.each([
    ['/subscribe', { topic: 'a..b' }, 'invalid-pattern'],
    ['/subscribe', { topic: 'a.>.b' }, 'invalid-pattern'],
    ['/subscribe', { topic: 'a', after: 'nonsense!' }, 'invalid-cursor'],
    ['/subscribe', { topic: 5 }, 'invalid-request'],
    ['/subscribe', { topic: 'a', extra: 1 }, 'invalid-request'],
    ['/subscribe', ['a'], 'invalid-request'],
    ['/subscribe?timeoutMs=soon', { topic: 'a' }, 'invalid-request'],
    ['/unsubscribe', {}, 'invalid-request'],
  ])('%s refuses %j', async (path, body, code) => {
    expectProblem(await post(node, path, body), 400, code);
  });

  it('take JSON only', async () => {
    const lines = await post(node, '/subscribe', '{"topic":"a"}', { 'content-type': 'application/x-ndjson' });
    expectProblem(lines, 415, 'unsupported-media-type');
  });
});

describe('GET /messages', () => {
  it('pages through a topic without hole or repeat', async () => {
    await post(node, '/subscribe', { topic: 'pages' });
    await post(
      node,
      '/publish',
      Array.from({ length: 25 }, (_, n) => ({ topic: 'pages', message: n })),
    );
    const seen: unknown[] = [];
    let after = '';
    for (let page = 0; page < 4; page++) {
      const { body } = await request(node, `/messages?topic=pages&limit=10${after && `&after=${after}`}`);
      seen.push(...(body['items'] as { message: unknown }[]).map(({ message }) => message));
      after = String(body['next']);
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => n));
    await post(node, '/publish', { topic: 'pages', message: 'later' });
    const later = await request(node, `/messages?topic=pages&after=${after}`);
    expect(later.body['items']).toMatchObject([{ message: 'later' }]);
  });

  it.each([
    ['/messages?topic=unheard', 409, 'no-interest'],
    ['/messages?topic=a..b', 400, 'invalid-topic'],
    ['/messages', 400, 'invalid-request'],
    ['/messages?topic=chat&topic=news', 400, 'invalid-request'],
    ['/messages?topic=chat&limit=0', 400, 'invalid-request'],
    ['/messages?topic=chat&limit=1001', 400, 'invalid-request'],
    ['/messages?topic=chat&limit=ten', 400, 'invalid-request'],
    ['/messages?topic=chat&after=***', 400, 'invalid-cursor'],
    ['/messages?topic=chat&from=1', 400, 'invalid-request'],
    ['/topics?limit=-1', 400, 'invalid-request'],
    ['/topics/a..b/subscribers', 400, 'invalid-pattern'],
    ['/stream', 400, 'invalid-request'],
    ['/stream?topic=a..b', 400, 'invalid-pattern'],
    ['/stream?topic=chat&after=***', 400, 'invalid-cursor'],
    ['/nothing/here', 404, 'not-found'],
    ['/%c0%ae', 400, 'malformed-request'],
  ])('and others: %s answers %i', async (path, status, code) => {
    expectProblem(await request(node, path), status, code);
  });
});

describe('what a node tells of itself', () => {
  it('GET /status has the shape of the contract', async () => {
    const { body } = await request(node, '/status');
    expect(body).toMatchObject({
      node: {
        id: expect.any(String),
        name: 'A',
        epoch: expect.any(Number),
        url: node.url,
        version: expect.any(String),
      },
      peers: [],
      cluster: { size: 1, state: 'healthy', digest: expect.any(String) },
    });
    expect(body['subscriptions']).toContain('chat');
    expect(body['topics']).toContainEqual({
      topic: 'chat',
      count: expect.any(Number),
      bytes: expect.any(Number),
      digest: expect.any(String),
    });
  });

  it('GET /topics and /topics/:topic/subscribers tell who gets what', async () => {
    const row = { topic: 'chat', nodes: ['A'], clients: 0, knownAgeMs: expect.any(Number) };
    expect((await request(node, '/topics')).body['items']).toContainEqual(row);
    expect((await request(node, '/topics/chat/subscribers')).body).toEqual({ items: [row], next: null });
    const nobody = await request(node, '/topics/nobody.here/subscribers');
    expect(nobody.body).toMatchObject({ items: [{ topic: 'nobody.here', nodes: [], clients: 0 }] });
  });

  it('GET /health/live and /health/ready answer 200', async () => {
    expect((await request(node, '/health/live')).status).toBe(200);
    expect((await request(node, '/health/ready')).status).toBe(200);
  });

  it('GET /metrics is well-formed and counts what was published', async () => {
    const valueOf = async (name: string): Promise<number> => {
      const { body } = await request(node, '/metrics');
      const line = String(body['text'])
        .split('\n')
        .find((text) => text.startsWith(`${name} `));
      return Number(line?.split(' ')[1]);
    };
    const before = await valueOf('grapevine_messages_published_total');
    await post(node, '/publish', { topic: 'chat', message: 1 });
    expect(await valueOf('grapevine_messages_published_total')).toBe(before + 1);
    const { body, headers } = await request(node, '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    const own = [...String(body['text']).matchAll(/^# TYPE (grapevine_\S+) (\w+)$/gm)];
    expect(own.filter(([, name, type]) => name?.endsWith('_total') !== (type === 'counter'))).toEqual([]);
    expect(own.length).toBeGreaterThan(20);
  });

  it('GET / leads to the documentation', async () => {
    const { status, headers } = await request(node, '/');
    expect(status).toBe(302);
    expect(headers.get('location')).toBe('/docs');
  });

  it('a method that a path does not know is answered with those it knows', async () => {
    const answered = await request(node, '/publish', { method: 'DELETE' });
    expectProblem(answered, 405, 'method-not-allowed');
    expect(answered.headers.get('allow')).toBe('POST');
  });
});
