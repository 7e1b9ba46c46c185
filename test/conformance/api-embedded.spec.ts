import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountDocs } from '../../src/api/docs.setup.js';
import { GrapevineModule } from '../../src/grapevine.module.js';

@Controller()
class HostController {
  @Get()
  home(): string {
    return 'the host';
  }

  @Post('publish')
  publish(@Body() body: object): object {
    return { host: body };
  }

  @Get('fails')
  fails(): never {
    throw new Error('of the host');
  }
}

@Module({
  imports: [
    GrapevineModule.forRoot({
      name: 'E',
      store: 'memory',
      profile: 'local',
      logLevel: 'silent',
      api: { prefix: '/grapevine' },
    }),
  ],
  controllers: [HostController],
})
class HostModule {}

describe('embedded with a prefix', () => {
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
    mountDocs(app, '/grapevine');
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterAll(() => app.close());

  const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': type } });

  it('the REST interface is below the prefix, with its problem documents', async () => {
    const published = await post('/grapevine/publish', '{"topic":"chat","message":1}');
    expect(published.status).toBe(202);
    const lines = await post('/grapevine/publish', '{"topic":"chat","message":1}', 'application/x-ndjson');
    expect(await lines.json()).toMatchObject({ items: [{ topic: 'chat' }] });
    const refused = await post('/grapevine/publish', '{"topic":"a b","message":1}');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect((await fetch(`${url}/grapevine`, { redirect: 'manual' })).headers.get('location')).toBe('/grapevine/docs');
    expect((await fetch(`${url}/grapevine/docs`)).status).toBe(200);
    expect(await (await fetch(`${url}/grapevine/docs-json`)).json()).toMatchObject({
      paths: { '/grapevine/publish': {} },
    });
  });

  it('the events are below the prefix', async () => {
    const socket = io(`${url}/events`, { path: '/grapevine/socket.io', transports: ['websocket'] });
    expect(await socket.timeout(5_000).emitWithAck('subscribe', { topic: 'chat' })).toMatchObject({ ok: true });
    socket.disconnect();
  });

  it('the controllers of the host are as they were', async () => {
    expect(await (await fetch(url)).text()).toBe('the host');
    expect(await (await post('/publish', '{"any":"thing"}')).json()).toEqual({ host: { any: 'thing' } });
    const failed = await fetch(`${url}/fails`);
    expect(failed.status).toBe(500);
    expect(failed.headers.get('content-type')).not.toContain('problem');
    expect((await fetch(`${url}/nowhere`)).headers.get('content-type')).not.toContain('problem');
    expect((await fetch(`${url}/status`)).status).toBe(404);
    expect((await post('/publish', '{}', 'application/x-ndjson')).status).toBe(415);
  });
});
