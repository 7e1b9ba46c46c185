import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { startApiNode } from './api-node.js';

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `fetch` sends no Host header but its own. */
function get(node: RunningNode, path: string, headers: Record<string, string>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = ask(`${node.url}${path}`, { headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

const UPGRADE = {
  upgrade: 'websocket',
  connection: 'upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

describe('a node on loopback', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A', { corsOrigins: ['https://app.example'] });
  });

  afterAll(() => node.close());

  it.each(['localhost', '127.0.0.1', '[::1]:8000', 'app.example'])('answers under the name %s', async (host) => {
    expect((await get(node, '/status', { host })).status).toBe(200);
    expect((await get(node, '/socket.io/?EIO=4&transport=polling', { host })).status).toBe(200);
  });

  it.each(['/status', '/docs', '/stream?topic=chat', '/socket.io/?EIO=4&transport=polling', '/nowhere'])(
    'does not answer GET %s to a page that made its own name lead here',
    async (path) => {
      const { status, headers, body } = await get(node, path, { host: 'rebound.example:8000' });
      expect([status, headers['content-type']]).toEqual([421, 'application/problem+json; charset=utf-8']);
      expect(JSON.parse(body)).toMatchObject({ code: 'wrong-host' });
    },
  );

  it.each([
    ['under another name', { host: 'rebound.example' }, 421],
    ['to a page of another origin', { origin: 'https://evil.example' }, 403],
  ])('opens no WebSocket %s', async (_what, headers, status) => {
    const path = '/socket.io/?EIO=4&transport=websocket';
    expect((await get(node, path, { ...UPGRADE, ...headers })).status).toBe(status);
  });
});

describe('what a node answers', () => {
  it('keeps pages of others from framing, sniffing and guessing at it', async () => {
    const node = await startApiNode('A');
    for (const path of ['/status', '/docs', '/nowhere']) {
      const { headers } = await get(node, path, {});
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['strict-transport-security']).toBeUndefined();
    }
    await node.close();
  });
});
