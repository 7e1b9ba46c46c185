import { Controller, Get, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { PeersModule } from '../../src/peers/peers.module.js';
import { PeersService } from '../../src/peers/peers.service.js';

@Controller()
class Greeting {
  @Get('hello')
  hello(): string {
    return 'hello';
  }
}

async function start(name: string, peers: string[]): Promise<{ app: NestFastifyApplication; peers: PeersService }> {
  const settings = Object.assign(new Settings(), { name, port: 0, peers, profile: 'local', logLevel: 'silent' });
  @Module({ imports: [ConfigModule.forRoot(settings), PeersModule], controllers: [Greeting] })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.listen(0, '127.0.0.1');
  const service = app.get(PeersService, { strict: false });
  await service.started();
  return { app, peers: service };
}

it('links share a port with the requests and the sockets of clients, and closing does not hang', async () => {
  const a = await start('A', []);
  const clients = new Server(a.app.getHttpServer());
  clients.on('connection', (socket) => socket.emit('welcome', { to: 'clients' }));
  const b = await start('B', [a.peers.url]);
  await expect.poll(() => [a, b].map(({ peers }) => peers.linked().length), { timeout: 10_000 }).toEqual([1, 1]);
  expect(a.peers.url).toBe(await a.app.getUrl());

  expect(await (await fetch(`${a.peers.url}/hello`)).text()).toBe('hello');
  const client = io(a.peers.url, { transports: ['websocket'] });
  expect(await new Promise((resolve) => client.on('welcome', resolve))).toEqual({ to: 'clients' });
  expect(a.peers.linked()).toEqual([b.peers.self]);

  client.disconnect();
  await Promise.all([a.app.close(), b.app.close()]);
  await expect(fetch(`${a.peers.url}/hello`)).rejects.toThrow('fetch failed');
});
