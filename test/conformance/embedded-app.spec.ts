import { Controller, Get, Injectable, Module, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Grapevine,
  GrapevineModule,
  startNode,
  type GrapevineMessage,
  type GrapevineOptions,
} from '../../src/index.js';

const secret = 'correct horse battery staple, twice';
const base = { port: 0, secret, store: 'memory', profile: 'local', logLevel: 'silent' } as const;
const closing: (() => Promise<unknown>)[] = [];

@Injectable()
class Orders implements OnApplicationBootstrap {
  readonly heard: GrapevineMessage[] = [];

  constructor(readonly grapevine: Grapevine) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.grapevine.subscribe('orders.>', (message) => void this.heard.push(message), { timeoutMs: 0 });
  }
}

@Controller()
class OrdersController {
  @Get('orders')
  orders(): string {
    return 'the application’s own';
  }
}

/** Somebody's application around a node. */
async function startApp(
  grapevine: ReturnType<typeof GrapevineModule.forRoot>,
): Promise<{ app: NestFastifyApplication; url: string }> {
  @Module({ imports: [grapevine], controllers: [OrdersController], providers: [Orders] })
  class SomebodysModule {}
  const app = await NestFactory.create<NestFastifyApplication>(SomebodysModule as Type, new FastifyAdapter(), {
    logger: false,
  });
  closing.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

async function startPeer(options: Partial<GrapevineOptions> = {}) {
  const node = await startNode({ name: 'peer', ...base, ...options });
  closing.push(() => node.close());
  return node;
}

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('an application that embeds a node', () => {
  it('has Grapevine injected, its links on its own HTTP server, and no interface of ours', async () => {
    const peer = await startPeer();
    const { app, url } = await startApp(GrapevineModule.forRoot({ name: 'app', peers: [peer.url], ...base }));
    const { grapevine, heard } = app.get(Orders);
    await expect.poll(() => peer.grapevine.status().peers).toMatchObject([{ name: 'app', url, state: 'alive' }]);
    const got: unknown[] = [];
    await peer.grapevine.subscribe('replies', ({ message }) => got.push(message));
    await peer.grapevine.publish('orders.created', { id: 7 }, { ack: 'all' });
    await grapevine.publish('replies', 'thanks');
    await expect.poll(() => heard).toMatchObject([{ topic: 'orders.created', message: { id: 7 }, publisher: 'peer' }]);
    await expect.poll(() => got).toEqual(['thanks']);
    expect(await (await fetch(`${url}/orders`)).text()).toBe('the application’s own');
    expect((await fetch(`${url}/status`)).status).toBe(404);
  });

  it('lets others reach it as soon as it listens, with nobody to dial itself', async () => {
    const { app, url } = await startApp(GrapevineModule.forRoot({ name: 'app', ...base }));
    const peer = await startPeer({ peers: [url] });
    await peer.grapevine.publish('orders.created', 1, { ack: 2 });
    await expect.poll(() => app.get(Orders).heard).toMatchObject([{ message: 1 }]);
  });

  it('has REST and events below the prefix it gave, and its own routes as they were', async () => {
    const { app, url } = await startApp(
      GrapevineModule.forRoot({ name: 'app', ...base, api: { prefix: '/grapevine' } }),
    );
    const published = await post(`${url}/grapevine/publish`, { topic: 'orders.created', message: [1] });
    expect([published.status, await published.json()]).toMatchObject([202, { topic: 'orders.created', seq: 1 }]);
    await expect.poll(() => app.get(Orders).heard).toMatchObject([{ message: [1] }]);
    const refused = await post(`${url}/grapevine/publish`, { topic: 'a.*', message: 1 });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'invalid-topic' }]);
    const elsewhere = await fetch(`${url}/nowhere`);
    expect(elsewhere.headers.get('content-type')).not.toContain('problem');
    expect(await (await fetch(`${url}/orders`)).text()).toBe('the application’s own');
    expect((await fetch(`${url}/status`)).status).toBe(404);
  });

  it('serves its clients’ sockets below the prefix', async () => {
    const { app, url } = await startApp(
      GrapevineModule.forRoot({ name: 'app', ...base, api: { prefix: '/grapevine' } }),
    );
    const socket = io(`${url}/events`, { path: '/grapevine/socket.io', transports: ['websocket'] });
    closing.push(() => Promise.resolve(socket.disconnect()));
    const heard: unknown[] = [];
    socket.on('message', ({ message }: { message: unknown }) => heard.push(message));
    expect(await socket.emitWithAck('subscribe', { topic: 'chat' })).toMatchObject({ ok: true, topic: 'chat' });
    await app.get(Grapevine).publish('chat', 'hello');
    await expect.poll(() => heard).toEqual(['hello']);
  });

  it('may get its options from a factory', async () => {
    const module = GrapevineModule.forRootAsync({
      useFactory: () => Promise.resolve({ name: 'made', ...base }),
      api: { prefix: '/grapevine' },
    });
    const { app, url } = await startApp(module);
    expect(app.get(Grapevine).status().node).toMatchObject({ name: 'made' });
    expect((await fetch(`${url}/grapevine/health/live`)).status).toBe(200);
  });

  it('is told what is wrong with its options', () => {
    expect(() => GrapevineModule.forRoot({ name: 'not a name', ...base })).toThrow(/^name /);
  });
});

describe('a node that is an application of its own', () => {
  it('serves REST at the root when asked to', async () => {
    const node = await startPeer({ api: { prefix: '' } });
    const status = await (await fetch(`${node.url}/status`)).json();
    expect(status).toMatchObject({ node: { name: 'peer', url: node.url }, cluster: { size: 1, state: 'healthy' } });
  });
});
