import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode } from './api-node.js';

type Answer = { ok: boolean; problem?: { code: string; errors: { field: string }[] } } & Record<string, unknown>;

let node: RunningNode;
const sockets: Socket[] = [];

beforeAll(async () => {
  node = await startApiNode('A');
});

afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));
afterAll(() => node.close());

function connected(of: RunningNode = node, options: object = { transports: ['websocket'] }): Promise<Socket> {
  const socket = io(`${of.url}/events`, { forceNew: true, reconnection: false, ...options });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}

const ask = (socket: Socket, event: string, ...payload: unknown[]): Promise<Answer> =>
  socket.timeout(15_000).emitWithAck(event, ...payload) as Promise<Answer>;

/** The next `count` values that come with an event. */
function collect(socket: Socket, event: string, count: number): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  return new Promise((resolve) => {
    socket.on(event, (value: Record<string, unknown> | Record<string, unknown>[]) => {
      found.push(...[value].flat());
      if (found.length >= count) resolve(found);
    });
  });
}

const valuesOf = (messages: readonly Record<string, unknown>[]): unknown[] => messages.map(({ message }) => message);

describe.each([['websocket'], ['polling']])('the events of a client over %s', (transport) => {
  const topic = `chat.${transport}`;

  it('subscribe, publish and message work together', async () => {
    const socket = await connected(node, { transports: [transport] });
    const answer = await ask(socket, 'subscribe', { topic });
    expect(answer).toEqual({ ok: true, topic, cursor: expect.any(String), recovered: true });
    const messages = collect(socket, 'message', 1);
    const receipt = await ask(socket, 'publish', { topic, message: { n: 'ü' }, headers: { a: 'b' } });
    expect(receipt).toMatchObject({ ok: true, topic, publisher: 'A', ack: { level: 'local', confirmed: 1 } });
    const { ok, ack, ...named } = receipt;
    expect([ok, ack]).toEqual([true, expect.anything()]);
    expect(await messages).toEqual([{ ...named, message: { n: 'ü' }, headers: { a: 'b' } }]);
  });
});

describe('the events of a client', () => {
  it('publish takes many, with an answer per message in order', async () => {
    const socket = await connected();
    const answer = await ask(socket, 'publish', [
      { topic: 'chat', message: 1, ack: 'all' },
      { topic: 'a b', message: 2 },
      { topic: 'chat', message: 3, timeoutMs: 'soon' },
      7,
    ]);
    expect(answer).toMatchObject({
      ok: true,
      items: [
        { topic: 'chat', ack: { level: 'all' } },
        { problem: { code: 'invalid-topic' } },
        { problem: { code: 'invalid-request' } },
        { problem: { code: 'invalid-request' } },
      ],
    });
  });

  it('publish takes bytes as they are', async () => {
    const socket = await connected();
    await ask(socket, 'subscribe', { topic: 'bytes' });
    const messages = collect(socket, 'message', 1);
    expect(await ask(socket, 'publish', { topic: 'bytes', message: Buffer.from([0, 255]) })).toMatchObject({
      ok: true,
    });
    expect(valuesOf(await messages)).toEqual([{ $bytes: 'AP8=' }]);
  });

  it('with batch the messages of a subscription come together, and in order with the others', async () => {
    const socket = await connected();
    await ask(socket, 'subscribe', { topic: 'batched', batch: true });
    await ask(socket, 'subscribe', { topic: 'single' });
    const together = collect(socket, 'messages', 3);
    const single = collect(socket, 'message', 1);
    await ask(
      socket,
      'publish',
      [1, 2, 3].map((message) => ({ topic: 'batched', message })),
    );
    await ask(socket, 'publish', { topic: 'single', message: 4 });
    expect(valuesOf(await together)).toEqual([1, 2, 3]);
    expect(valuesOf(await single)).toEqual([4]);
  });

  it('a client resumes after a cursor, or after what it received, without hole or repeat', async () => {
    const first = await connected();
    const { cursor } = await ask(first, 'subscribe', { topic: 'kept' });
    const received = collect(first, 'message', 2);
    await ask(
      first,
      'publish',
      [1, 2].map((message) => ({ topic: 'kept', message })),
    );
    const [one] = await received;
    first.disconnect();
    await post(node, '/publish', { topic: 'kept', message: 3 });
    for (const [after, expected] of [
      [cursor, [1, 2, 3]],
      [{ [String(one?.['stream'])]: one?.['seq'] }, [2, 3]],
      ['retained', [1, 2, 3]],
    ] as const) {
      const again = await connected();
      const messages = collect(again, 'message', expected.length);
      expect(await ask(again, 'subscribe', { topic: 'kept', after })).toMatchObject({ ok: true, recovered: true });
      expect(valuesOf(await messages)).toEqual(expected);
    }
  });

  it('gets a message once when several of its patterns match', async () => {
    const socket = await connected();
    await ask(socket, 'subscribe', { topic: 'many.>' });
    await ask(socket, 'subscribe', { topic: 'many.*' });
    const messages = collect(socket, 'message', 2);
    await ask(
      socket,
      'publish',
      [1, 2].map((message) => ({ topic: 'many.x', message })),
    );
    expect(valuesOf(await messages)).toEqual([1, 2]);
  });

  it('unsubscribe ends its messages, and its node hears of it', async () => {
    const socket = await connected();
    await ask(socket, 'subscribe', { topic: 'ended' });
    await ask(socket, 'subscribe', { topic: 'still' });
    expect(await ask(socket, 'unsubscribe', { topic: 'ended' })).toEqual({ ok: true, topic: 'ended' });
    const messages = collect(socket, 'message', 1);
    await ask(socket, 'publish', { topic: 'ended', message: 'no' });
    await ask(socket, 'publish', { topic: 'still', message: 'yes' });
    expect(valuesOf(await messages)).toEqual(['yes']);
    expect((await request(node, '/topics/ended/subscribers')).body).toMatchObject({ items: [{ clients: 0 }] });
  });

  it.each([
    ['subscribe', [{}], 'invalid-request'],
    ['subscribe', [], 'invalid-request'],
    ['subscribe', [null], 'invalid-request'],
    ['subscribe', ['chat'], 'invalid-request'],
    ['subscribe', [{ topic: 'chat' }, { topic: 'chat' }], 'invalid-request'],
    ['subscribe', [{ topic: 'a..b' }], 'invalid-pattern'],
    ['subscribe', [{ topic: 'chat', after: 'nonsense!' }], 'invalid-cursor'],
    ['subscribe', [{ topic: 'chat', after: { x: 1 } }], 'invalid-cursor'],
    ['subscribe', [{ topic: 'chat', after: 7 }], 'invalid-request'],
    ['subscribe', [{ topic: 'chat', extra: 1 }], 'invalid-request'],
    ['unsubscribe', [{ topic: 5 }], 'invalid-request'],
    ['publish', [{ topic: 'chat' }], 'invalid-request'],
    ['publish', [{ topic: 'chat', message: 1, extra: 1 }], 'invalid-request'],
    ['publish', [Buffer.from('x')], 'invalid-request'],
    ['publish', [{ topic: 'chat', message: { deep: Buffer.from('x') } }], 'invalid-request'],
    ['publish', [JSON.parse('{"topic":"chat","message":{"__proto__":1}}')], 'invalid-request'],
    ['publish', [{ topic: 'chat', message: 'x'.repeat(300_000) }], 'too-large'],
    ['launch', [{}], 'not-found'],
    ['exception', [], 'not-found'],
  ])('%s with %j is refused, and the socket goes on', async (event, payload, code) => {
    const socket = await connected();
    expect(await ask(socket, event, ...payload)).toMatchObject({ ok: false, problem: { code } });
    socket.emit(event, ...payload);
    expect(await ask(socket, 'publish', { topic: 'chat', message: 'still here' })).toMatchObject({ ok: true });
  });

  it('a socket may have 1,024 subscriptions and no more', async () => {
    const socket = await connected();
    const asked = Array.from({ length: 1_024 }, (_, n) => ask(socket, 'subscribe', { topic: `bound.${n}` }));
    expect((await Promise.all(asked)).every(({ ok }) => ok)).toBe(true);
    expect(await ask(socket, 'subscribe', { topic: 'bound.more' })).toMatchObject({
      ok: false,
      problem: { code: 'too-many-subscriptions', status: 429 },
    });
    expect(await ask(socket, 'subscribe', { topic: 'bound.1' })).toMatchObject({ ok: true });
  });

  it('a page of another site is not let in', async () => {
    const foreign = { transports: ['websocket'], extraHeaders: { origin: 'https://evil.example' } };
    await expect(connected(node, foreign)).rejects.toThrow('websocket error');
    const own = { transports: ['websocket'], extraHeaders: { origin: node.url } };
    await expect(connected(node, own)).resolves.toBeDefined();
  });

  it('a client that does not read is told and cut, and the others do not notice', async () => {
    const deaf = await connected();
    const reader = await connected();
    await ask(deaf, 'subscribe', { topic: 'flood' });
    await ask(reader, 'subscribe', { topic: 'flood' });
    const told = new Promise((resolve) => deaf.once('cut', resolve));
    const gone = new Promise((resolve) => deaf.once('disconnect', resolve));
    const raw = tcpOf(deaf);
    raw.pause();
    let received = 0;
    reader.on('message', () => received++);
    const message = 'x'.repeat(200_000);
    let sent = 0;
    while ((await cutSockets()) === 0 && sent < 400) {
      await ask(
        reader,
        'publish',
        Array.from({ length: 4 }, () => ({ topic: 'flood', message })),
      );
      sent += 4;
    }
    expect(sent).toBeLessThan(400);
    raw.resume();
    expect(await told).toMatchObject({ code: 'overloaded' });
    await gone;
    await expect.poll(() => received).toBe(sent);
  });
});

/** The connection below a client. */
function tcpOf(socket: Socket): { pause(): void; resume(): void } {
  const { ws } = socket.io.engine.transport as unknown as { ws: Record<string, { pause(): void; resume(): void }> };
  const tcp = ws['_socket'];
  if (tcp === undefined) throw new Error('not a WebSocket of ws');
  return tcp;
}

async function cutSockets(): Promise<number> {
  const { body } = await request(node, '/metrics');
  return Number(/grapevine_clients_cut_total\{kind="socket"\} (\d+)/.exec(String(body['text']))?.[1]);
}

it('a node that drains tells its sockets', async () => {
  const draining = await startApiNode('A');
  const socket = await connected(draining);
  const told = new Promise((resolve) => socket.once('draining', resolve));
  const closed = draining.close();
  expect(await told).toEqual({ retryAfterMs: expect.any(Number) });
  await closed;
});
