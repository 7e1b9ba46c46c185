import { once } from 'node:events';
import { platform } from 'node:os';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../e2e/eventually.js';
import { MeshProxy } from '../e2e/mesh-proxy.js';

/** What the fault suites rely on: that the network does to bytes what it was told to, and nothing else. */
describe.skipIf(platform() !== 'linux')('the network between the nodes of a test', () => {
  let proxy: MeshProxy;
  let server: Server;
  let dialled: Socket;
  let dialling: Socket;
  const arrived = { there: '', back: '' };

  beforeEach(async () => {
    Object.assign(arrived, { there: '', back: '' });
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    let draws = 0;
    proxy = new MeshProxy(() => draws++ % 2);
    // This process is A, which dials B.
    proxy.identify('A', process.pid);
    const url = await proxy.open('B', (server.address() as { port: number }).port);
    dialling = connect(Number(new URL(url).port), '127.0.0.1');
    [dialled] = (await once(server, 'connection')) as [Socket];
    dialled.on('data', (bytes: Buffer) => (arrived.there += bytes.toString()));
    dialling.on('data', (bytes: Buffer) => (arrived.back += bytes.toString()));
    for (const socket of [dialling, dialled]) socket.on('error', () => undefined);
  });

  afterEach(async () => {
    dialling.destroy();
    dialled.destroy();
    await proxy.close();
    server.close();
  });

  function seen(wanted: Partial<typeof arrived>): Promise<void> {
    return eventually(() => expect(arrived).toMatchObject(wanted));
  }

  it('carries everything both ways, and knows who dialled', async () => {
    dialling.write('there');
    dialled.write('back');
    await seen({ there: 'there', back: 'back' });
    expect(proxy.dials).toMatchObject([{ from: 'A', to: 'B' }]);
  });

  it('cuts one direction only, and ends what was damaged by it once it heals', async () => {
    proxy.faults((from) => (from === 'A' ? { isCut: true } : {}));
    dialling.write('lost');
    dialled.write('back');
    await seen({ back: 'back' });
    await eventually(() => expect(proxy.bytesLost).toBe(4));
    proxy.heal();
    await eventually(() => expect([dialling.closed, dialled.closed]).toEqual([true, true]));
    expect(arrived.there).toBe('');
  });

  it('keeps the order of what it delays', async () => {
    proxy.faults(() => ({ delayMs: 30, jitterMs: 25 }));
    for (const part of ['1', '2', '3', '4', '5']) {
      dialling.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await seen({ there: '12345' });
  });

  it('stops reading, and goes on where it stopped', async () => {
    proxy.faults((from) => (from === 'A' ? { isStuck: true } : {}));
    dialling.write('waits');
    dialled.write('back');
    await seen({ back: 'back', there: '' });
    proxy.heal();
    await seen({ there: 'waits' });
  });

  it('half-opens: the other end sees the end, this one nothing', async () => {
    proxy.halfOpen('A');
    await once(dialled, 'close');
    expect(dialling.closed).toBe(false);
  });
});
