import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../conformance/certificates.js';
import { secureRequest } from '../conformance/https-client.js';
import { TokenIssuer } from '../conformance/token-issuer.js';
import { eventually } from './eventually.js';
import { SECRET } from './local-cluster.js';
import { freePorts, NodeProcess } from './node-process.js';

interface Status {
  readonly node: { readonly url: string };
  readonly peers: readonly { readonly name: string; readonly state: string; readonly isLinked: boolean }[];
}

let folder: string;
let issuer: TokenIssuer;
let ca: string;
let nodes: NodeProcess[];
let urls: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-clients-'));
  issuer = await TokenIssuer.create();
  const { cert, key } = await selfSigned();
  ca = cert;
  await Promise.all([
    writeFile(join(folder, 'cert.pem'), cert),
    writeFile(join(folder, 'key.pem'), key),
    writeFile(join(folder, 'jwks.json'), TokenIssuer.jwks(issuer)),
  ]);
  const ports = await freePorts(2);
  urls = ports.map((port) => `https://127.0.0.1:${port}`);
  nodes = ports.map((port, index) =>
    NodeProcess.launch({
      NODE_NAME: 'AB'.charAt(index),
      PORT: String(port),
      PEERS: urls.join(','),
      SUBSCRIPTIONS: 'chat',
      CLUSTER_SECRET: SECRET,
      PROFILE: 'local',
      STORE: 'memory',
      LOG_LEVEL: 'debug',
      API_AUTH: join(folder, 'jwks.json'),
      TLS_CERT_FILE: join(folder, 'cert.pem'),
      TLS_KEY_FILE: join(folder, 'key.pem'),
    }),
  );
  for (const [index, url] of urls.entries()) {
    await eventually(async () => {
      if (!nodes[index]!.isRunning) throw new Error(nodes[index]!.complaints);
      expect((await secureRequest(`${url}/health/ready`, ca)).status).toBe(200);
    }, 60_000);
  }
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.terminate()));
  await rm(folder, { recursive: true });
});

const get = (url: string, path: string, token: string) => secureRequest(`${url}${path}`, ca, { token });

function enter(url: string, token: string): Promise<Socket> {
  const socket = io(`${url}/events`, {
    ca,
    auth: { token },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}

describe('two nodes with certificates that ask for tokens', () => {
  it('are linked', async () => {
    const token = await issuer.token();
    await eventually(async () => {
      const status = JSON.parse((await get(urls[0]!, '/status', token)).body) as Status;
      expect(status.node.url).toBe(urls[0]);
      expect(status.peers).toMatchObject([{ name: 'B', state: 'alive', isLinked: true }]);
    }, 20_000);
  });

  it('bring messages from a client of one to a client of the other, as their tokens grant', async () => {
    const token = await issuer.token({ publish: ['chat'], subscribe: ['chat'] });
    const socket = await enter(urls[1]!, token);
    const message = new Promise((resolve) => socket.once('message', resolve));
    expect(await socket.emitWithAck('subscribe', { topic: 'chat' })).toMatchObject({ ok: true });
    const publish = (topic: string, bearer?: string) =>
      secureRequest(`${urls[0]!}/publish?ack=2`, ca, { token: bearer, body: { topic, message: 'hello' } });
    expect((await publish('chat', token)).status).toBe(200);
    expect(await message).toMatchObject({ topic: 'chat', message: 'hello', publisher: 'A' });
    expect([(await publish('news', token)).status, (await publish('chat')).status]).toEqual([403, 401]);
    socket.disconnect();
  });

  it('cut a client whose token expires', async () => {
    const socket = await enter(urls[0]!, await issuer.token({ exp: Math.floor(Date.now() / 1_000) + 2 }));
    const cut = new Promise((resolve) => socket.once('cut', resolve));
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    expect(await cut).toMatchObject({ code: 'unauthorized' });
    await gone;
  });

  it('take up a new certificate', async () => {
    const renewed = await selfSigned('renewed');
    for (const [name, text] of [
      ['key.pem', renewed.key],
      ['cert.pem', renewed.cert],
    ] as const) {
      await writeFile(join(folder, `${name}.new`), text);
      await rename(join(folder, `${name}.new`), join(folder, name));
    }
    await eventually(async () => {
      const { certificate } = await secureRequest(`${urls[0]!}/health/live`, [ca, renewed.cert]);
      expect(certificate).toBe('renewed');
    }, 20_000);
    ca = renewed.cert;
  });

  it('write no token into their logs', async () => {
    const stranger = await TokenIssuer.create();
    const tokens = await Promise.all([issuer.token({ subscribe: ['chat'] }), stranger.token({ subscribe: ['chat'] })]);
    for (const token of tokens) {
      for (const path of ['/status', `/nowhere?access_token=${token}`, `/messages?topic=chat&access_token=${token}`]) {
        await get(urls[0]!, path, token);
      }
      await secureRequest(`${urls[0]!}/stream?topic=a..b&access_token=${token}`, ca);
      await enter(urls[0]!, token).then(
        (socket) => socket.disconnect(),
        () => undefined,
      );
    }
    const said = nodes.map(({ log, complaints }) => log + complaints).join('');
    expect(said).toContain('"event":"nest"');
    for (const token of tokens) for (const part of token.split('.')) expect(said).not.toContain(part);
  });
});
