import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { request, startApiNode } from './api-node.js';

const ALLOWED = 'https://app.example';
const FOREIGN = 'https://evil.example';

/** What a browser asks before it lets a page of `origin` send JSON. */
const preflight = (node: RunningNode, path: string, origin: string) =>
  request(node, path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  });

/** A handshake of Socket.IO over HTTP, as a page of `origin` begins it. */
const handshake = (node: RunningNode, origin: string) =>
  request(node, '/socket.io/?EIO=4&transport=polling', { headers: { origin } });

/** How a client that says it is a page of `origin` comes to the events of a node. */
function connecting(node: RunningNode, origin: string, transport: string): Promise<string> {
  const options = { forceNew: true, reconnection: false, transports: [transport], extraHeaders: { origin } };
  const socket = io(`${node.url}/events`, options);
  return new Promise<string>((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('connect_error', () => resolve('refused'));
  }).finally(() => socket.disconnect());
}

const allowOrigin = ({ headers }: { headers: Headers }): string | null => headers.get('access-control-allow-origin');

describe('a node with allowed origins', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A', { corsOrigins: ['https://other.example', ALLOWED] });
  });

  afterAll(() => node.close());

  it('lets their pages publish and subscribe', async () => {
    for (const path of ['/publish', '/subscribe', '/unsubscribe']) {
      const answered = await preflight(node, path, ALLOWED);
      expect(answered.status).toBe(204);
      expect(allowOrigin(answered)).toBe(ALLOWED);
      expect(answered.headers.get('access-control-allow-methods')).toContain('POST');
      expect(answered.headers.get('access-control-allow-headers')).toBe('content-type,idempotency-key');
    }
  });

  it('lets no other pages', async () => {
    const answered = await preflight(node, '/publish', FOREIGN);
    expect(allowOrigin(answered)).toBeNull();
  });

  it('lets their pages alone read, problems and event streams too', async () => {
    for (const path of ['/status', '/messages?topic=unheard']) {
      expect(allowOrigin(await request(node, path, { headers: { origin: ALLOWED } }))).toBe(ALLOWED);
      expect(allowOrigin(await request(node, path, { headers: { origin: FOREIGN } }))).toBeNull();
    }
    for (const [origin, expected] of [
      [ALLOWED, ALLOWED],
      [FOREIGN, null],
    ] as const) {
      const abort = new AbortController();
      const init = { headers: { origin }, signal: abort.signal };
      expect(allowOrigin(await fetch(`${node.url}/stream?topic=chat`, init))).toBe(expected);
      abort.abort();
    }
  });

  it('tells caches that the answer is for one origin', async () => {
    const { headers } = await request(node, '/status', { headers: { origin: ALLOWED } });
    expect(headers.get('vary')).toMatch(/origin/i);
  });

  it('lets their pages alone begin with the events', async () => {
    const allowed = await handshake(node, ALLOWED);
    expect([allowed.status, allowOrigin(allowed)]).toEqual([200, ALLOWED]);
    const foreign = await handshake(node, FOREIGN);
    expect([foreign.status, allowOrigin(foreign)]).toEqual([403, null]);
    for (const transport of ['websocket', 'polling']) {
      expect(await connecting(node, ALLOWED, transport)).toBe('connected');
      expect(await connecting(node, FOREIGN, transport)).toBe('refused');
    }
  });
});

describe('a node', () => {
  it('without allowed origins lets no page but its own', async () => {
    const node = await startApiNode('A');
    expect(allowOrigin(await preflight(node, '/publish', ALLOWED))).toBeNull();
    expect(await connecting(node, ALLOWED, 'websocket')).toBe('refused');
    expect(await connecting(node, node.url, 'websocket')).toBe('connected');
    await node.close();
  });

  it('that allows all origins lets every page', async () => {
    const node = await startApiNode('A', { corsOrigins: ['*'] });
    expect(allowOrigin(await preflight(node, '/publish', FOREIGN))).toBe('*');
    expect(allowOrigin(await handshake(node, FOREIGN))).toBe('*');
    expect(await connecting(node, FOREIGN, 'websocket')).toBe('connected');
    await node.close();
  });
});
