import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io-client';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode } from './api-node.js';
import { ask, enter, entry, heard } from './events-client.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startApiNode>[1] = {}): Promise<RunningNode> {
  const node = await startApiNode('A', options);
  closing.push(() => node.close());
  return node;
}

async function entered(node: RunningNode): Promise<Socket> {
  const socket = await enter(node);
  closing.push(() => socket.disconnect());
  return socket;
}

function dial({ url }: RunningNode, text?: string): TcpSocket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => text !== undefined && socket.write(text));
  // The end of a connection is only seen by who reads.
  socket.on('error', () => undefined).resume();
  closing.push(() => socket.destroy());
  return socket;
}

/** All that is sent until the connection is closed. */
async function answerOf(socket: TcpSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  // Not `once` of node:events, to which a connection that is reset is an error.
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

async function refusals(node: RunningNode, reason: string): Promise<number> {
  // A connection that is closed before a byte is read leaves `fetch` waiting: it is asked again.
  const { body } = await request(node, '/metrics', { signal: AbortSignal.timeout(1_000) });
  return Number(new RegExp(`client_refusals_total\\{reason="${reason}"\\} (\\d+)`).exec(String(body['text']))?.[1]);
}

const UPGRADE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

const hello = { topic: 'chat', message: 'hello' };

describe('a client that asks for too much', () => {
  it('is answered 429 with when to try again, over REST', async () => {
    const node = await start({ rateRequests: 1 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(node, '/publish', hello)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeGreaterThan(10);
    expect(refused[0]?.headers.get('content-type')).toContain('application/problem+json');
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(refused[0]?.body).toMatchObject({ code: 'too-many-requests' });
    expect((await request(node, '/health/live')).status).toBe(200);
    expect((await request(node, '/status')).status).toBe(429);
  });

  it('is held to its messages, one by one, in batches and over events alike', async () => {
    const node = await start({ rateMessages: 1 });
    const batch = Array.from({ length: 100 }, () => hello);
    expect((await post(node, '/publish', batch)).status).toBe(200);
    expect((await post(node, '/publish', hello)).status).toBe(429);
    const socket = await entered(node);
    for (const payload of [hello, batch]) {
      expect(await ask(socket, 'publish', payload)).toMatchObject({
        ok: false,
        problem: { code: 'too-many-requests', retryAfterMs: expect.any(Number) },
      });
    }
    expect((await request(node, '/status')).status).toBe(200);
  });

  it('over events is refused, then told and cut when it goes on; others do not notice', async () => {
    const node = await start({ rateSubscriptions: 50 });
    const [greedy, modest] = await Promise.all([entered(node), entered(node)]);
    expect(await ask(modest, 'subscribe', { topic: 'chat' })).toMatchObject({ ok: true });
    const told = Promise.all([heard(greedy, 'cut'), heard(greedy, 'disconnect')]);
    let [served, refused] = [0, 0];
    for (let n = 0; n < 10_000; n++) {
      greedy.emit(
        'subscribe',
        { topic: `many.${n % 100}` },
        ({ ok }: { ok: boolean }) => void (ok ? served++ : refused++),
      );
    }
    expect((await told)[0]).toMatchObject({ code: 'too-many-requests' });
    expect(served).toBeLessThan(5_000);
    expect(refused).toBeGreaterThan(0);
    const message = heard(modest, 'message');
    expect(await ask(modest, 'publish', hello)).toMatchObject({ ok: true });
    expect(await message).toMatchObject({ message: 'hello' });
    await expect
      .poll(async () => (await request(node, '/topics/many.1/subscribers')).body)
      .toMatchObject({ items: [{ clients: 0 }] });
  });

  it('with events that there are not is cut as well', async () => {
    const node = await start();
    const socket = await entered(node);
    const cut = heard(socket, 'cut');
    for (let n = 0; n < 2_000; n++) socket.emit('launch', n);
    expect(await cut).toMatchObject({ code: 'not-found' });
  });

  it.each(['websocket', 'polling'])('is kept from shaking hands without end over %s', async (transport) => {
    const node = await start({ rateHandshakes: 1 });
    const entries = await Promise.all(Array.from({ length: 30 }, () => entry(node, { transports: [transport] })));
    expect(entries.filter((each) => each === 'connected').length).toBeGreaterThanOrEqual(5);
    expect(entries.filter((each) => each !== 'connected').length).toBeGreaterThan(5);
    expect(await refusals(node, 'rate')).toBeGreaterThan(5);
    const answered = await request(node, '/socket.io/?EIO=4&transport=polling');
    expect([answered.status, answered.body['code']]).toEqual([429, 'too-many-requests']);
    expect(answered.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await request(node, '/status')).status).toBe(200);
  });

  it('does not get around that with a session that has no name', async () => {
    const node = await start({ rateHandshakes: 1 });
    const asked = Array.from({ length: 30 }, () => request(node, '/socket.io/?EIO=4&transport=polling&sid='));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5);
  });
});

describe('connections', () => {
  it('above the bound of all are closed, and those that are there stay', async () => {
    const node = await start({ connections: 16 });
    const socket = await entered(node);
    const dialled = Array.from({ length: 40 }, () => dial(node));
    await expect.poll(() => dialled.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(24);
    dialled.forEach((each) => each.destroy());
    await expect
      .poll(() => refusals(node, 'connections').catch(() => 0), { timeout: 15_000 })
      .toBeGreaterThanOrEqual(24);
    expect(await ask(socket, 'publish', hello)).toMatchObject({ ok: true });
  });

  it('that are slow to say what they want are told and closed', async () => {
    const node = await start();
    const [silent, slow] = await Promise.all([
      answerOf(dial(node, 'GET /status HTTP/1.1\r\nhost: localhost\r\nx-slow: ')),
      answerOf(dial(node, 'POST /publish HTTP/1.1\r\nhost: localhost\r\n')),
    ]);
    for (const text of [silent, slow]) {
      expect(text).toMatch(/^HTTP\/1\.1 408 /);
      expect(text).toContain('"code":"request-timeout"');
    }
  }, 60_000);

  it.each([
    ['that do not speak HTTP', 'hello\r\n\r\n', 400, 'malformed-request'],
    [
      'with headers that are too large',
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`,
      413,
      'too-large',
    ],
    [
      'with two lengths',
      'POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
      'malformed-request',
    ],
  ])('%s are told and closed', async (_what, text, status, code) => {
    const answered = await answerOf(dial(await start(), text));
    expect(answered).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answered).toContain(`"code":"${code}"`);
  });

  it('of sockets that never enter are closed, and are not in the way of others', async () => {
    const node = await start();
    const dialled = Array.from({ length: 50 }, () => dial(node, UPGRADE));
    dialled.forEach((each) => each.resume());
    expect(await entry(node)).toBe('connected');
    await expect.poll(() => dialled.filter(({ closed }) => closed).length, { timeout: 45_000 }).toBe(50);
  }, 60_000);

  it('that say nothing, or never end what they say, do not keep a node from stopping', async () => {
    const node = await start();
    const texts = [
      '',
      'GET / HTTP/1.1\r\nhost: localhost\r\nx: ',
      'POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n',
      UPGRADE,
    ];
    const dialled = texts.flatMap((text) => Array.from({ length: 5 }, () => dial(node, text)));
    await Promise.all(dialled.map((socket) => once(socket, 'connect')));
    const ended = Promise.all(dialled.map((socket) => answerOf(socket)));
    await node.close();
    await ended;
  });

  it('that break while their handshake is looked at leave the node running', async () => {
    const node = await start();
    const sockets = Array.from({ length: 100 }, () => dial(node, UPGRADE));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    sockets.forEach((socket) => socket.resetAndDestroy());
    await expect.poll(() => entry(node)).toBe('connected');
  });
});

describe('bodies', () => {
  it.each(['gzip', 'deflate', 'br'])('in %s are not taken', async (coding) => {
    const node = await start();
    const body = gzipSync(JSON.stringify(hello));
    const headers = { 'content-type': 'application/json', 'content-encoding': coding };
    const answered = await request(node, '/publish', { method: 'POST', body, headers });
    expect([answered.status, answered.body['code']]).toEqual([415, 'unsupported-media-type']);
  });

  it.each([
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), 'application/json'],
    ['levels that are never closed', '['.repeat(4_000_000), 'application/json'],
    ['objects in objects', '{"a":'.repeat(100_000), 'application/json'],
  ])('of %s are refused', async (_what, body, type) => {
    const answered = await post(await start(), '/publish', body, { 'content-type': type });
    expect([answered.status, answered.body['code']]).toEqual([400, 'invalid-request']);
  });

  it('a line that is nested too deep spoils no other', async () => {
    const node = await start();
    const lines = `${JSON.stringify(hello)}\n${'['.repeat(100_000)}\n${JSON.stringify(hello)}`;
    const { body } = await post(node, '/publish', lines, { 'content-type': 'application/x-ndjson' });
    expect(body['items']).toMatchObject([
      { topic: 'chat' },
      { problem: { code: 'invalid-request' } },
      { topic: 'chat' },
    ]);
  });

  it('one byte too large is refused, one that just fits is not', async () => {
    const node = await start({ bodyBytes: 2_000, messageBytes: 2_000 });
    const bodyOf = (bytes: number): string => JSON.stringify({ ...hello, message: 'x'.repeat(bytes - 29) });
    expect(bodyOf(2_000)).toHaveLength(2_000);
    expect((await post(node, '/publish', bodyOf(2_000))).status).toBe(202);
    expect((await post(node, '/publish', bodyOf(2_001))).status).toBe(413);
  });
});

describe('packets', () => {
  it.each([
    ['more attachments than ten', '4511-/events,["publish",{}]'],
    ['attachments without end', '4599999999-/events,["publish",{}]'],
    ['payloads nested too deep', `42/events,["publish",${'['.repeat(100_000)}`],
    ['payloads that are not JSON', '42/events,["publish",'],
    ['kinds that there are not', '49/events,[]'],
    ['bytes that nobody announced', Buffer.from([1, 2, 3])],
    ['events of the library itself', '42/events,["disconnecting"]'],
  ])('with %s end their connection, and no other', async (_what, packet) => {
    const node = await start();
    const [bad, good] = await Promise.all([entered(node), entered(node)]);
    const gone = heard(bad, 'disconnect');
    const transport = bad.io.engine.transport as unknown as { ws: { send(data: string | Buffer): void } };
    transport.ws.send(packet);
    await gone;
    expect(await ask(good, 'publish', hello)).toMatchObject({ ok: true });
    await expect.poll(() => refusals(node, 'malformed')).toBe(1);
  });

  it('a namespace that is not for clients is none', async () => {
    const node = await start();
    const socket = await entered(node);
    const root = socket.io.socket('/');
    expect(await heard(root, 'connect_error')).toMatchObject({ data: { code: 'not-found' } });
  });
});
