import { connect } from 'node:net';
import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { socketClient, type SocketClient } from './clients.js';
import { eventually } from './eventually.js';
import { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';

let cluster: LocalCluster;
let node: NodeProcess;
let bystander: SocketClient;
let pid: number;

beforeAll(async () => {
  cluster = await LocalCluster.start({ names: ['A', 'B'] });
  node = cluster.node('A');
  pid = node.pid;
  bystander = await socketClient(node, 'bystander');
});

afterAll(async () => {
  bystander.close();
  await cluster.stop();
});

/** The process is the same, its clients are connected, and messages get through. */
async function expectUnaffected(): Promise<void> {
  const before = bystander.received.length;
  expect((await cluster.node('B').post('/publish?ack=all', { topic: 'bystander', message: before })).status).toBe(200);
  await eventually(() => expect(bystander.received.length).toBe(before + 1), 2_000);
  expect([node.isRunning, node.pid, bystander.socket.connected]).toEqual([true, pid, true]);
}

describe('bad REST input', () => {
  it.each([
    ['/publish', '{"topic":"chat"', 'application/json', 400, 'malformed-request'],
    ['/publish', '{"topic":"chat"}', 'application/json', 400, 'invalid-request'],
    ['/publish', '{"topic":"a..b","message":1}', 'application/json', 400, 'invalid-topic'],
    ['/publish', '{"topic":"chat.*","message":1}', 'application/json', 400, 'invalid-topic'],
    ['/publish', '{"topic":"chat","message":1,"extra":true}', 'application/json', 400, 'invalid-request'],
    ['/publish', 'topic=chat', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['/publish?ack=many', '{"topic":"chat","message":1}', 'application/json', 400, 'invalid-request'],
    ['/subscribe', '{"topic":"a.>.b"}', 'application/json', 400, 'invalid-pattern'],
    ['/nothing', '{}', 'application/json', 404, 'not-found'],
    ['/publish', `{"topic":"chat","message":"${'x'.repeat(300_000)}"}`, 'application/json', 413, 'too-large'],
    ['/publish', `["${'x'.repeat(5_000_000)}"]`, 'application/json', 413, 'too-large'],
    ['/publish', '['.repeat(100_000), 'application/json', 400, 'invalid-request'],
  ])('%s is answered with the problem of the contract', async (path, body, contentType, status, code) => {
    const answer = await node.send(path, body, contentType);
    expect(answer).toMatchObject({
      status,
      body: { status, code, title: expect.any(String), type: expect.any(String) },
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    await expectUnaffected();
  });

  it.each([
    ['/messages?topic=unwanted', 409, 'no-interest'],
    ['/messages?topic=bystander&limit=1001', 400, 'invalid-request'],
    ['/messages?topic=bystander&after=%00', 400, 'invalid-cursor'],
    ['/stream?topic=', 400, 'invalid-pattern'],
  ])('GET %s is answered with the problem of the contract', async (path, status, code) => {
    expect(await node.get(path)).toMatchObject({ status, body: { status, code } });
    await expectUnaffected();
  });
});

describe('bad socket input', () => {
  let socket: Socket;

  beforeAll(async () => {
    socket = io(`${node.url}/events`, { transports: ['websocket'], forceNew: true });
    await once(socket as unknown as NodeJS.EventEmitter, 'connect');
  });

  afterAll(() => void socket.disconnect());

  it.each([
    ['subscribe', { topic: '' }],
    ['subscribe', null],
    ['subscribe', { topic: 'chat', after: 'no cursor' }],
    ['publish', { topic: 'chat' }],
    ['publish', 'chat'],
    ['publish', { topic: 'a*', message: 1 }],
    ['unsubscribe', 7],
  ])('%s %j is answered with a problem', async (event, value) => {
    const answer: unknown = await socket.timeout(5_000).emitWithAck(event, value);
    expect(answer).toMatchObject({ ok: false, problem: { status: expect.any(Number), code: expect.any(String) } });
    await expectUnaffected();
  });

  it('of events that do not exist is ignored', async () => {
    socket.emit('no-such-event', { x: 1 });
    socket.emit('subscribe');
    await expectUnaffected();
  });
});

describe('bytes that are no protocol', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n'],
    ['a WebSocket of a peer that says nonsense', upgrade('/mesh/?EIO=4&transport=websocket')],
    [
      'a page of a browser that calls itself a peer',
      upgrade('/mesh/?EIO=4&transport=websocket', 'Origin: http://evil'),
    ],
  ])('such as %s do no harm', async (_, head) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head);
    socket.write(Buffer.from('82ffffffffffffffffff00000000', 'hex'));
    socket.resume();
    await eventually(() => expect(socket.closed).toBe(true));
    await expectUnaffected();
  });
});

function upgrade(path: string, header = 'X-Nothing: 1'): string {
  const lines = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return `GET ${path} HTTP/1.1\r\n${[...lines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', header].join('\r\n')}\r\n\r\n`;
}
