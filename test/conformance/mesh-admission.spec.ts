import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket as NetSocket } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as meshParser from '../../src/peers/links/mesh-parser.js';
import { TRANSPORT_BYTES_MAX } from '../../src/peers/links/mesh-server.service.js';
import { type SocketNode, type SocketWorld, socketWorld } from './link-worlds.js';

describe('the mesh server', () => {
  let world: SocketWorld;
  let node: SocketNode;
  let strangers: Socket[];

  beforeEach(async () => {
    world = socketWorld();
    node = await world.start('A');
    strangers = [];
  });

  afterEach(async () => {
    for (const stranger of strangers) stranger.disconnect();
    await world.close();
  });

  /** Speaks the transport of the mesh as somebody who knows nothing of the handshake. */
  function stranger(options: object = {}): Socket {
    const socket = io(node.url, {
      path: '/mesh',
      parser: meshParser,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      ...options,
    });
    strangers.push(socket);
    return socket;
  }

  function outcomeOf(socket: Socket): Promise<string> {
    return new Promise((resolve) => {
      socket.on('closing', (reason: string) => resolve(reason));
      socket.on('connect_error', () => resolve('not connected'));
      socket.on('disconnect', () => resolve('disconnected'));
    });
  }

  async function stillWorks(): Promise<void> {
    const peer = await world.start('B');
    peer.links.keep(node.url);
    await peer.seen.until(() => peer.links.linked().length === 1);
  }

  it('refuses a page in a browser, which sends an Origin header, and counts it', async () => {
    expect(await outcomeOf(stranger({ extraHeaders: { Origin: 'http://127.0.0.1' } }))).toBe('not connected');
    expect(node.links.counters.turnedAway.of('origin')).toBe(1);
    await stillWorks();
  });

  it('speaks no other transport than WebSocket', async () => {
    const response = await fetch(`${node.url}/mesh/?EIO=4&transport=polling`);
    expect(response.status).toBe(400);
    expect(await outcomeOf(stranger({ transports: ['polling'] }))).toBe('not connected');
  });

  it.each([
    ['nothing of a hello', Buffer.from('hello')],
    ['a hello of zeros', Buffer.alloc(151)],
    ['the largest message there is', Buffer.alloc(TRANSPORT_BYTES_MAX - 1)],
  ])('closes a connection that begins with %s, says why, and counts it', async (_what, bytes) => {
    const socket = stranger();
    socket.on('connect', () => socket.emit('frame', bytes));
    expect(await outcomeOf(socket)).toBe('bad-hello');
    expect(node.links.counters.closed.of('bad-hello')).toBe(1);
    await stillWorks();
  });

  it('cuts a connection that sends more than a message may hold', async () => {
    const socket = stranger();
    socket.on('connect', () => socket.emit('frame', Buffer.alloc(TRANSPORT_BYTES_MAX + 1)));
    expect(await outcomeOf(socket)).toBe('disconnected');
    await stillWorks();
  });

  it('cuts a client that speaks JSON packets', async () => {
    const socket = stranger({ parser: undefined });
    socket.on('connect_error', () => undefined);
    const outcome = outcomeOf(socket);
    socket.on('connect', () => socket.emit('chat', { hello: 1 }));
    expect(await outcome).toMatch(/not connected|disconnected/);
    await stillWorks();
  });

  it('closes a connection that does not go on with its handshake', async () => {
    expect(await outcomeOf(stranger())).toBe('handshake-timeout');
    expect(node.links.counters.closed.of('handshake-timeout')).toBe(1);
  });

  it('turns away more unfinished handshakes of one address than it can afford, and none of another', async () => {
    const outcomes = Array.from({ length: 70 }, () => {
      const socket = stranger();
      return new Promise<boolean>((resolve) => {
        socket.on('connect', () => resolve(true));
        socket.on('connect_error', () => resolve(false));
      });
    });
    const connected = (await Promise.all(outcomes)).filter(Boolean).length;
    expect(connected).toBe(16);
    expect(node.links.counters.turnedAway.of('too-many-handshakes')).toBe(54);
    const elsewhere = await dialFrom('127.0.0.2', node.url);
    expect(elsewhere.answer).toContain('101 Switching Protocols');
    for (const socket of strangers) socket.disconnect();
    elsewhere.socket.destroy();
    await stillWorks();
  });

  it('counts a connection that speaks too early and does not hang up, and ends it in time', async () => {
    const early = await Promise.all(Array.from({ length: 16 }, () => dialFrom('127.0.0.1', node.url, EARLY_FRAME)));
    expect(await outcomeOf(stranger())).toBe('not connected');
    await Promise.all(early.map(({ closed }) => closed));
    await stillWorks();
  });

  it('takes no further connection for a session that there is', async () => {
    const socket = stranger();
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()));
    const { id } = socket.io.engine as unknown as { readonly id: string };
    const { answer } = await dialFrom('127.0.0.1', node.url, Buffer.alloc(0), `&sid=${id}`);
    expect(answer).toContain('400 Bad Request');
  });

  it('says readably that its port is taken', async () => {
    await expect(world.start('B', node.url)).rejects.toThrow(/^cannot listen on 127.0.0.1:\d+: .*EADDRINUSE/);
  });

  it('notices that it dialled itself', async () => {
    node.links.keep(node.url.replace('127.0.0.1', 'localhost'));
    await expect.poll(() => node.links.counters.closed.of('self')).toBeGreaterThan(0);
    expect(node.seen.events).toEqual([]);
    expect(node.links.linked()).toEqual([]);
  });

  it('dials no address outside the networks that may be dialled, named or not', async () => {
    const careful = await world.start('C', undefined, { peerNetworks: ['10.0.0.0/8'] });
    careful.links.keep(node.url);
    careful.links.keep(node.url.replace('127.0.0.1', 'localhost'));
    await expect.poll(() => careful.links.counters.closed.of('not-in-peer-networks')).toBeGreaterThan(1);
    await expect.poll(() => careful.links.counters.closedByPeer.of('transport')).toBeGreaterThan(1);
    expect(node.links.counters.closedByPeer.entries()).toEqual([]);
    expect(node.links.counters.closed.entries()).toEqual([]);
  });

  it('connects to nothing outside those networks, however it is written and whoever redirects there', async () => {
    let connects = 0;
    const canary = createServer((socket) => {
      connects++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => canary.listen(0, '::', resolve));
    const { port } = canary.address() as AddressInfo;
    const redirecting = createHttpServer((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${port}/mesh/` }).end();
    });
    redirecting.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${port}/mesh/\r\n\r\n`);
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    const hosts = ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '0', '0.0.0.0', 'localhost', '[::1]', '[::]'];
    hosts.push('[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]');
    const careful = await world.start('C', undefined, { peerNetworks: ['10.0.0.0/8', 'fc00::/7'] });
    for (const host of hosts) careful.links.keep(`http://${host}:${port}`);
    const trusting = await world.start('D', undefined, { peerNetworks: ['127.0.0.1/32'] });
    trusting.links.keep(`http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`);
    await expect.poll(() => careful.links.counters.dials).toBeGreaterThan(3 * hosts.length);
    await expect.poll(() => trusting.links.counters.closedByPeer.of('transport')).toBeGreaterThan(2);
    expect(connects).toBe(0);
    redirecting.closeAllConnections();
    await Promise.all([canary, redirecting].map((server) => new Promise((resolve) => server.close(resolve))));
  });

  it('ends the link, and nothing else, when a frame was changed on its way', async () => {
    const peer = await world.start('B');
    const proxy = await startProxy(node.url);
    peer.links.keep(proxy.url);
    await peer.seen.until(() => peer.links.linked().length === 1);
    proxy.flipBits = true;
    peer.links.send(node.id, 'data', Buffer.alloc(1_000));
    await node.seen.until(() => node.seen.events.some(({ type }) => type === 'down'));
    expect(node.seen.frames).toEqual([]);
    expect(node.links.counters.closed.of('bad-frame')).toBe(1);
    proxy.flipBits = false;
    await peer.seen.until(() => peer.links.linked().length === 1 && peer.seen.events.length > 2);
    await proxy.close();
  });

  it('ends a link that is open but stuck, and no other', async () => {
    const [peer, other] = [await world.start('B'), await world.start('C')];
    const proxy = await startProxy(node.url);
    peer.links.keep(proxy.url);
    peer.links.keep(other.url);
    await peer.seen.until(() => peer.links.linked().length === 2);
    proxy.isHeld = true;
    peer.links.send(node.id, 'data', Buffer.alloc(1_000));
    peer.links.send(other.id, 'data', Buffer.alloc(1_000));
    await peer.seen.until(() => peer.seen.events.some(({ type }) => type === 'down'));
    expect(peer.seen.events).toContainEqual({ type: 'down', peer: node.id, reason: 'stuck' });
    expect(peer.seen.events).not.toContainEqual(expect.objectContaining({ type: 'down', peer: other.id }));
    expect(other.seen.frames).toHaveLength(1);
    await proxy.close();
  }, 60_000);

  it('takes nothing from frames that were captured and are sent again, to the same process or to the next', async () => {
    const peer = await world.start('B');
    const proxy = await startProxy(node.url);
    peer.links.keep(proxy.url);
    await peer.seen.until(() => peer.links.linked().length === 1);
    for (let count = 0; count < 1_000; count++) peer.links.send(node.id, 'data', Buffer.from(`frame ${count}`));
    await node.seen.until(() => node.seen.frames.length === 1_000);
    const captured = [...proxy.captured];
    await peer.close();
    await node.seen.until(() => node.links.linked().length === 0);
    const [events, frames] = [node.seen.events.length, node.seen.frames.length];
    const again = await world.start('A again');
    for (const { url, links } of [node, again]) {
      const refused = (): number => links.counters.closed.entries().reduce((sum, [, count]) => sum + count, 0);
      const before = refused();
      await replay(captured, url);
      expect(refused()).toBe(before + 1);
    }
    expect(again.seen.events).toEqual([]);
    expect(node.seen.events).toHaveLength(events);
    expect(node.seen.frames).toHaveLength(frames);
    expect(node.links.linked()).toEqual([]);
    await proxy.close();
    await stillWorks();
  });
});

/** A masked binary message of one byte. */
const EARLY_FRAME = Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1]);

/** A raw WebSocket from an address of this machine that says nothing but `first`, and never hangs up. */
async function dialFrom(localAddress: string, target: string, first: Uint8Array = Buffer.alloc(0), query = '') {
  const socket = connect({ port: Number(new URL(target).port), host: '127.0.0.1', localAddress });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  const request =
    `GET /mesh/?EIO=4&transport=websocket${query} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
    'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
  const answer = await new Promise<string>((resolve) => {
    socket.on('data', (bytes) => resolve(bytes.toString('latin1')));
    socket.write(Buffer.concat([Buffer.from(request), first]));
  });
  return { socket, closed, answer };
}

interface Proxy {
  readonly url: string;
  /** All that was forwarded to the node so far. */
  readonly captured: Buffer[];
  flipBits: boolean;
  /** What comes for the node is swallowed, and the connection stays open. */
  isHeld: boolean;
  close(): Promise<void>;
}

/** Forwards bytes to a node, and spoils one of each larger piece on the way there while it is told to. */
async function startProxy(target: string): Promise<Proxy> {
  const sockets: NetSocket[] = [];
  const server = createServer();
  const proxy = {
    url: '',
    flipBits: false,
    isHeld: false,
    captured: [] as Buffer[],
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('connection', (client: NetSocket) => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    sockets.push(client, upstream);
    client.on('data', (bytes) => {
      if (proxy.isHeld) return;
      if (proxy.flipBits && bytes.length > 500) bytes[bytes.length - 10]! ^= 1;
      proxy.captured.push(Buffer.from(bytes));
      upstream.write(bytes);
    });
    upstream.pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

/** Sends the bytes of an earlier connection again, each piece when the node has answered the one before; resolves at its good-bye. */
async function replay([request, ...rest]: readonly Buffer[], target: string): Promise<void> {
  const socket = connect(Number(new URL(target).port), '127.0.0.1');
  let heard = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
    const piece = heard.includes('"sid"') ? rest.shift() : undefined;
    if (piece !== undefined) socket.write(piece);
    if (/bad-|wrong-/.test(heard)) socket.end();
  });
  socket.write(request!);
  await new Promise((resolve) => socket.on('close', resolve));
  expect(heard).toMatch(/bad-|wrong-/);
}
