import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { request, startApiNode } from './api-node.js';
import { EventReader } from './event-reader.js';
import { ask, enter, entry, heard } from './events-client.js';
import { TokenIssuer, type Claims } from './token-issuer.js';

const ALICE: Claims = { publish: ['chat'], subscribe: ['chat', 'news.>'] };

let folder: string;
let issuer: TokenIssuer;
let node: RunningNode;
const sockets: Socket[] = [];
const readers: EventReader[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-sessions-'));
  issuer = await TokenIssuer.create();
  await writeFile(join(folder, 'jwks.json'), TokenIssuer.jwks(issuer));
  node = await startApiNode('A', { apiAuth: join(folder, 'jwks.json') });
});

afterEach(() => {
  sockets.splice(0).forEach((socket) => socket.disconnect());
  readers.splice(0).forEach((reader) => reader.close());
});

afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true });
});

/** A token that is good for a moment. */
const brief = (claims: Claims = ALICE): Promise<string> =>
  issuer.token({ ...claims, exp: Math.floor(Date.now() / 1_000) + 1 });

async function entered(token: string, of = node): Promise<Socket> {
  const socket = await enter(of, { auth: { token } });
  sockets.push(socket);
  return socket;
}

async function reading(token: string, of = node): Promise<EventReader> {
  const reader = new EventReader();
  readers.push(reader);
  await reader.open(of, 'topic=chat', { authorization: `Bearer ${token}` });
  return reader;
}

async function metric(name: string, label: string): Promise<number> {
  const token = await issuer.token();
  const { body } = await request(node, '/metrics', { headers: { authorization: `Bearer ${token}` } });
  return Number(new RegExp(`^${name}\\{[^}]*"${label}"\\} (\\d+)$`, 'm').exec(String(body['text']))?.[1]);
}

describe('a socket', () => {
  it.each(['websocket', 'polling'])('over %s brings its token in auth or in a header', async (transport) => {
    const token = await issuer.token(ALICE);
    const transports = [transport];
    expect(await entry(node, { transports, auth: { token } })).toBe('connected');
    expect(await entry(node, { transports, extraHeaders: { authorization: `Bearer ${token}` } })).toBe('connected');
  });

  it.each<[string, object | undefined]>([
    ['no token', undefined],
    ['a token that is no token', { token: 'nonsense' }],
    ['a token that is no text', { token: { alg: 'none' } }],
    ['an empty token', { token: '' }],
  ])('with %s is turned away', async (_what, auth) => {
    expect(await entry(node, auth === undefined ? {} : { auth })).toBe('unauthorized');
  });

  it('with an expired token is turned away, and with one for others', async () => {
    const exp = Math.floor(Date.now() / 1_000) - 10;
    for (const claims of [{ exp }, { aud: 'elsewhere' }]) {
      expect(await entry(node, { auth: { token: await issuer.token({ ...ALICE, ...claims }) } })).toBe('unauthorized');
    }
  });

  it('does what its token grants, and nothing else', async () => {
    const socket = await entered(await issuer.token(ALICE));
    expect(await ask(socket, 'subscribe', { topic: 'news.*' })).toMatchObject({ ok: true });
    expect(await ask(socket, 'publish', { topic: 'chat', message: 1 })).toMatchObject({ ok: true });
    for (const [event, payload] of [
      ['subscribe', { topic: '>' }],
      ['subscribe', { topic: 'secret' }],
      ['publish', { topic: 'news.eu', message: 1 }],
    ] as const) {
      expect(await ask(socket, event, payload)).toMatchObject({ ok: false, problem: { code: 'forbidden' } });
    }
    expect(
      await ask(socket, 'publish', [
        { topic: 'chat', message: 1 },
        { topic: 'secret', message: 2 },
      ]),
    ).toMatchObject({ ok: true, items: [{ topic: 'chat' }, { problem: { code: 'forbidden' } }] });
  });

  it('is told and cut when its token expires', async () => {
    const before = await metric('grapevine_clients_expired_total', 'socket');
    const socket = await entered(await brief());
    const [cut] = await Promise.all([heard(socket, 'cut'), heard(socket, 'disconnect')]);
    expect(cut).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(await metric('grapevine_clients_expired_total', 'socket')).toBe(before + 1);
  });

  it('goes on with a fresh token, and loses what that does not grant', async () => {
    const [lasting, expiring] = await Promise.all([entered(await brief()), entered(await brief())]);
    await ask(lasting, 'subscribe', { topic: 'chat' });
    await ask(lasting, 'subscribe', { topic: 'news.eu' });
    const token = await issuer.token({ publish: ['chat'], subscribe: ['chat'] });
    expect(await ask(lasting, 'authenticate', { token })).toEqual({
      ok: true,
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      ended: ['news.eu'],
    });
    await heard(expiring, 'disconnect');
    const message = heard(lasting, 'message');
    expect(await ask(lasting, 'publish', { topic: 'chat', message: 'still here' })).toMatchObject({ ok: true });
    expect(await message).toMatchObject({ message: 'still here' });
  });

  it('keeps the token it has when the fresh one is not accepted', async () => {
    const socket = await entered(await issuer.token(ALICE));
    for (const payload of [{ token: 'nonsense' }, { token: await issuer.token({ exp: 1 }) }]) {
      expect(await ask(socket, 'authenticate', payload)).toMatchObject({ problem: { code: 'unauthorized' } });
    }
    expect(await ask(socket, 'authenticate', {})).toMatchObject({ problem: { code: 'invalid-request' } });
    expect(await ask(socket, 'publish', { topic: 'chat', message: 1 })).toMatchObject({ ok: true });
  });
});

describe('an event stream', () => {
  it('is told and ended when its token expires', async () => {
    const reader = await reading(await brief());
    expect(await reader.next()).toMatchObject({ event: 'cut', data: { code: 'unauthorized' } });
    expect(await reader.next()).toBeUndefined();
  });
});

describe('a key that is withdrawn', () => {
  it('ends the sockets and streams of its tokens, and no others', async () => {
    const other = await TokenIssuer.create('ES256', 'other');
    const path = join(folder, 'withdrawn.json');
    await writeFile(path, TokenIssuer.jwks(issuer, other));
    const own = await startApiNode('A', { apiAuth: path });
    const socket = await entered(await other.token(ALICE), own);
    const staying = await entered(await issuer.token(ALICE), own);
    const reader = await reading(await other.token(ALICE), own);
    const gone = Promise.all([heard(socket, 'cut'), reader.next()]);
    await writeFile(`${path}.new`, TokenIssuer.jwks(issuer));
    await rename(`${path}.new`, path);
    expect(await gone).toMatchObject([{ code: 'unauthorized' }, { event: 'cut', data: { code: 'unauthorized' } }]);
    expect(await ask(staying, 'publish', { topic: 'chat', message: 1 })).toMatchObject({ ok: true });
    await own.close();
  });
});

it('a node that asks for no token takes a socket with one', async () => {
  const open = await startApiNode('A');
  const socket = await enter(open, { auth: { token: 'whatever' } });
  expect(await ask(socket, 'authenticate', { token: 'whatever' })).toEqual({ ok: true, expiresAt: null, ended: [] });
  socket.disconnect();
  await open.close();
});
