import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { startApiNode } from './api-node.js';
import { selfSigned } from './certificates.js';
import { ask, enter, heard } from './events-client.js';
import { secureRequest } from './https-client.js';

const SECRET = 'a secret of more than thirty-two characters';

let folder: string;
let own: Awaited<ReturnType<typeof selfSigned>>;
let files: { tlsCertFile: string; tlsKeyFile: string };

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return path;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-tls-'));
  own = await selfSigned();
  files = { tlsCertFile: await write('cert.pem', own.cert), tlsKeyFile: await write('key.pem', own.key) };
});

afterAll(() => rm(folder, { recursive: true }));

/** A good certificate, and the beginning of one that would follow. */
function cutShort(cert: string): string {
  return `${cert.trim()}\n${cert.slice(0, cert.length / 2)}\n-----END CERTIFICATE-----\n`;
}

describe('a node with a certificate', () => {
  let node: RunningNode;
  let peer: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A', { ...files, secret: SECRET });
    peer = await startApiNode('B', { secret: SECRET, peers: [node.url] });
  });

  afterAll(() => Promise.all([node.close(), peer.close()]));

  it('speaks https, and tells browsers to keep to it', async () => {
    expect(node.url).toMatch(/^https:/);
    const { status, headers, body } = await secureRequest(`${node.url}/status`, own.cert);
    expect([status, JSON.parse(body)]).toMatchObject([200, { node: { name: 'A', url: node.url } }]);
    expect(headers['strict-transport-security']).toContain('max-age');
  });

  it('serves sockets', async () => {
    for (const transport of ['websocket', 'polling']) {
      const socket = await enter(node, { ca: own.cert, transports: [transport] });
      expect(await ask(socket, 'subscribe', { topic: 'chat' })).toMatchObject({ ok: true });
      const message = heard(socket, 'message');
      expect(await ask(socket, 'publish', { topic: 'chat', message: transport })).toMatchObject({ ok: true });
      expect(await message).toMatchObject({ message: transport });
      socket.disconnect();
    }
  });

  it('is linked to peers with and without one', async () => {
    const third = await startApiNode('C', { ...files, secret: SECRET, peers: [peer.url] });
    const receipt = await third.grapevine.publish('chat', 'hello', { ack: 3 });
    expect(receipt.ack).toMatchObject({ confirmed: 3 });
    await expect
      .poll(() => node.grapevine.status().peers.map(({ name, isLinked }) => [name, isLinked]))
      .toEqual([
        ['B', true],
        ['C', true],
      ]);
    await third.close();
  });

  it('closes what does not speak TLS', async () => {
    const { hostname, port } = new URL(node.url);
    const plain = connect(Number(port), hostname, () => plain.write('GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n'));
    plain.on('error', () => undefined);
    await once(plain, 'close');
    expect((await secureRequest(`${node.url}/health/live`, own.cert)).status).toBe(200);
  });

  it('shows a renewed one to who comes anew, and keeps the old one when the new one is wrong', async () => {
    const renewed = await selfSigned('renewed');
    await write('cert.pem', 'nonsense');
    await write('key.pem', renewed.key);
    await write('cert.pem', renewed.cert);
    const shown = () =>
      secureRequest(`${node.url}/health/live`, [own.cert, renewed.cert]).then(({ certificate }) => certificate);
    await expect.poll(shown, { timeout: 15_000 }).toBe('renewed');
    for (const wrong of ['nonsense', cutShort(renewed.cert)]) {
      await write('cert.pem', wrong);
      expect(await shown()).toBe('renewed');
    }
  });
});

describe('a node does not start with', () => {
  it.each<[string, () => Promise<object>, RegExp]>([
    ['a certificate alone', async () => ({ tlsCertFile: await write('a.pem', own.cert) }), /^tlsKeyFile must be given/],
    [
      'files that are not there',
      () => Promise.resolve({ tlsCertFile: '/absent', tlsKeyFile: '/absent' }),
      /^TLS_CERT_FILE cannot be read: ENOENT/,
    ],
    [
      'a certificate that is none',
      async () => ({ ...(await pair('x', own.key)) }),
      /^TLS_CERT_FILE holds no certificate/,
    ],
    [
      'a chain that was cut short',
      async () => ({ ...(await pair(cutShort(own.cert), own.key)) }),
      /^TLS_CERT_FILE cannot be used/,
    ],
    ['a key that is none', async () => ({ ...(await pair(own.cert, 'x')) }), /^TLS_KEY_FILE holds no private key/],
    [
      'the key of another',
      async () => ({ ...(await pair(own.cert, (await selfSigned()).key)) }),
      /^TLS_KEY_FILE is not the key/,
    ],
    [
      'a certificate but no interfaces',
      async () => ({ ...(await pair(own.cert, own.key)), api: false }),
      /^tlsCertFile has no meaning/,
    ],
  ])('%s', async (_what, options, message) => {
    await expect(options().then((given) => startApiNode('A', given))).rejects.toThrow(message);
  });

  async function pair(cert: string, key: string) {
    return { tlsCertFile: await write('cert-of-pair.pem', cert), tlsKeyFile: await write('key-of-pair.pem', key) };
  }
});
