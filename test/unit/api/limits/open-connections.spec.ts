import { Server, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ClientCounters } from '../../../../src/api/client-counters.js';
import { OpenConnections } from '../../../../src/api/limits/open-connections.service.js';
import { Settings } from '../../../../src/config/settings.js';
import type { DrainService } from '../../../../src/subscriptions/drain.service.js';

describe('open connections', () => {
  const counters = new ClientCounters();
  const server = new Server();
  const settings = Object.assign(new Settings(), { connectionsPerAddress: 2 });
  new OpenConnections(settings, counters, { drain: () => Promise.resolve() } as DrainService).watch(server);

  function arrive(remoteAddress: string): Socket {
    const socket = new Socket();
    Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
    server.emit('connection', socket);
    return socket;
  }

  it('are bounded for each address of other machines: the newcomer is closed, and has room once another went', async () => {
    const [first, second, third, elsewhere] = ['192.0.2.7', '192.0.2.7', '::ffff:192.0.2.7', '192.0.2.8'].map(arrive);
    expect([first, second, third, elsewhere].map((socket) => socket?.destroyed)).toEqual([false, false, true, false]);
    expect(counters.refused.connections).toBe(1);
    first?.destroy();
    await new Promise((resolve) => first?.once('close', resolve));
    expect(arrive('192.0.2.7').destroyed).toBe(false);
  });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('of this machine (%s) share the room of all', (address) => {
    expect([address, address, address].map((from) => arrive(from).destroyed)).toEqual([false, false, false]);
  });
});
