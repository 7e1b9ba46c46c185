import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jose from 'node-jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode, type Answered } from './api-node.js';
import { EventReader } from './event-reader.js';
import { JwksServer } from './jwks-server.js';
import { TokenIssuer, type Claims } from './token-issuer.js';

const ALICE: Claims = { publish: ['chat', 'news.>'], subscribe: ['chat', 'news.>'] };

let folder: string;
let issuer: TokenIssuer;
let stranger: TokenIssuer;
let node: RunningNode;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-tokens-'));
  [issuer, stranger] = await Promise.all([TokenIssuer.create(), TokenIssuer.create('ES256', 'stranger')]);
  await writeFile(join(folder, 'jwks.json'), TokenIssuer.jwks(issuer));
  node = await startApiNode('A', { apiAuth: join(folder, 'jwks.json'), subscriptions: ['chat', 'secret'] });
});

afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true });
});

const bearing = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const get = (path: string, token: string, of = node) => request(of, path, { headers: bearing(token) });
const publish = (token: string, topic: string, of = node) =>
  post(of, '/publish', { topic, message: 1 }, bearing(token));

function expectRefused({ status, headers, body }: Answered, code: 'unauthorized' | 'forbidden'): void {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect({ status, code: body['code'] }).toEqual({ status: code === 'unauthorized' ? 401 : 403, code });
  expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
}

describe('a node that asks for tokens', () => {
  it.each([
    ['GET', '/status'],
    ['GET', '/topics'],
    ['GET', '/topics/chat/subscribers'],
    ['GET', '/messages?topic=chat'],
    ['GET', '/stream?topic=chat'],
    ['GET', '/metrics'],
    ['POST', '/publish'],
    ['POST', '/subscribe'],
    ['POST', '/unsubscribe'],
  ])('answers %s %s with 401 without one', async (method, path) => {
    const answered = await (method === 'GET' ? request(node, path) : post(node, path, { topic: 'chat', message: 1 }));
    expectRefused(answered, 'unauthorized');
    expect(answered.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['/health/live', '/health/ready', '/docs', '/docs-json', '/'])('answers GET %s to all', async (path) => {
    expect((await request(node, path)).status).toBeLessThan(400);
    expect((await get(path, 'nonsense')).status).toBeLessThan(400);
  });

  it('lets the bearer do what the token grants, and nothing else', async () => {
    const token = await issuer.token(ALICE);
    expect((await publish(token, 'chat')).status).toBe(202);
    expect((await publish(token, 'news.eu')).status).toBe(202);
    expectRefused(await publish(token, 'news'), 'forbidden');
    expect((await get('/messages?topic=chat', token)).status).toBe(200);
    for (const path of ['/subscribe', '/unsubscribe']) {
      expect((await post(node, path, { topic: 'news.*' }, bearing(token))).status).toBeLessThan(300);
      expectRefused(await post(node, path, { topic: '>' }, bearing(token)), 'forbidden');
      expectRefused(await post(node, path, { topic: 'news' }, bearing(token)), 'forbidden');
    }
    expectRefused(await get('/stream?topic=*', token), 'forbidden');
    const reader = await issuer.token({ subscribe: ['chat'] });
    expectRefused(await publish(reader, 'chat'), 'forbidden');
    const writer = await issuer.token({ publish: ['chat'] });
    expectRefused(await get('/messages?topic=chat', writer), 'forbidden');
  });

  it('answers for topics that there are as for those that there are not', async () => {
    const token = await issuer.token(ALICE);
    const answers = (topic: string) =>
      Promise.all([
        publish(token, topic),
        get(`/messages?topic=${topic}`, token),
        get(`/topics/${topic}/subscribers`, token),
        post(node, '/unsubscribe', { topic }, bearing(token)),
      ]);
    const [known, unknown] = await Promise.all([answers('secret'), answers('nothing')]);
    known.forEach((answered) => expectRefused(answered, 'forbidden'));
    expect(known.map(({ body }) => body)).toEqual(unknown.map(({ body }) => body));
  });

  it('tells the bearer of those topics alone that it may read', async () => {
    const token = await issuer.token({ ...ALICE, publish: ['>'] });
    await publish(token, 'secret');
    await publish(token, 'chat');
    for (const path of ['/status', '/topics']) {
      const { body } = await get(path, token);
      expect(JSON.stringify(body)).toContain('chat');
      expect(JSON.stringify(body)).not.toContain('secret');
    }
  });

  it('publishes of a batch what is granted', async () => {
    const batch = ['chat', 'secret', 'news.eu'].map((topic) => ({ topic, message: 1 }));
    const { status, body } = await post(node, '/publish', batch, bearing(await issuer.token(ALICE)));
    expect(status).toBe(200);
    expect(body['items']).toMatchObject([{ topic: 'chat' }, { problem: { code: 'forbidden' } }, { topic: 'news.eu' }]);
  });

  it.each<[string, () => Promise<string>]>([
    ['that is none', () => Promise.resolve('nonsense')],
    ['of a stranger', () => stranger.token(ALICE)],
    ['of a stranger who takes the name of a key', () => stranger.token(ALICE, { kid: issuer.key.kid })],
    ['of a stranger who brings the key along', () => stranger.token(ALICE, { jwk: stranger.key.toJSON() })],
    ['that says where its key is', () => stranger.token(ALICE, { jku: 'http://127.0.0.1:9/jwks.json' })],
    ['with a path for a key', () => issuer.token(ALICE, { kid: '../../../../etc/passwd' })],
    ['that has expired', () => issuer.token({ ...ALICE, exp: Math.floor(Date.now() / 1_000) - 10 })],
    ['that never expires', () => issuer.token({ ...ALICE, exp: undefined })],
    ['for another audience', () => issuer.token({ ...ALICE, aud: 'elsewhere' })],
    ['that is not valid yet', () => issuer.token({ ...ALICE, nbf: Math.floor(Date.now() / 1_000) + 60 })],
    ['whose claims are no object', () => issuer.sign('"claims"')],
    ['whose grants are no patterns', () => issuer.token({ publish: ['a..b'] })],
    ['that is too long', () => issuer.token({ ...ALICE, sub: 'a', padding: 'x'.repeat(9_000) })],
    ['that is not signed', async () => unsigned(await issuer.token(ALICE))],
    ['signed with the public key as a secret', () => signedWithPublicKey(issuer, ALICE)],
    ['whose claims were changed', async () => changed(await issuer.token({ publish: [], subscribe: [] }), ALICE)],
  ])('refuses a token %s', async (_what, token) => {
    const answered = await publish(await token(), 'chat');
    expectRefused(answered, 'unauthorized');
    expect(answered.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('takes the token of an event stream from its query, which EventSource needs, and nowhere else', async () => {
    const token = await issuer.token(ALICE);
    const reader = new EventReader();
    await reader.open(node, `topic=chat&access_token=${token}`);
    reader.close();
    expectRefused(await request(node, `/status?access_token=${token}`), 'unauthorized');
    expectRefused(await request(node, `/stream?topic=secret&access_token=${token}`), 'forbidden');
  });

  it('repeats no token in what it answers', async () => {
    const token = await stranger.token(ALICE);
    for (const path of [`/stream?topic=chat&access_token=${token}`, `/nowhere?access_token=${token}`]) {
      const { headers, body } = await request(node, path);
      expect(JSON.stringify([body, [...headers]])).not.toContain(token.slice(-20));
    }
  });
});

describe('the keys of tokens', () => {
  it.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'RS512', 'PS384'])('may be for %s', async (alg) => {
    const other = await TokenIssuer.create(alg);
    const path = join(folder, `${alg}.json`);
    await writeFile(path, TokenIssuer.jwks(other));
    const own = await startApiNode('A', { apiAuth: path, apiAudience: 'events', apiIssuer: 'me' });
    expect((await publish(await other.token({ ...ALICE, aud: 'events', iss: 'me' }), 'chat', own)).status).toBe(202);
    expectRefused(await publish(await other.token({ ...ALICE, aud: 'events' }), 'chat', own), 'unauthorized');
    await own.close();
  });

  it('are read again when their file changes; a file that is wrong changes nothing', async () => {
    const path = join(folder, 'changing.json');
    const replace = async (text: string): Promise<void> => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    };
    await replace(TokenIssuer.jwks(issuer));
    const own = await startApiNode('A', { apiAuth: path });
    const tokens = await Promise.all([issuer.token(ALICE), stranger.token(ALICE)]);
    const statuses = async () =>
      (await Promise.all(tokens.map((token) => publish(token, 'chat', own)))).map(({ status }) => status);
    expect(await statuses()).toEqual([202, 401]);
    await replace('{"keys": [');
    await replace(TokenIssuer.jwks(stranger));
    await expect.poll(statuses, { timeout: 15_000 }).toEqual([401, 202]);
    await own.close();
  });

  it('keep a node from starting when their file cannot be used', async () => {
    const path = join(folder, 'wrong.json');
    await writeFile(path, '{"keys": []}');
    await expect(startApiNode('A', { apiAuth: path })).rejects.toThrow(/^the keys in .*wrong.json cannot be used/);
    await expect(startApiNode('A', { apiAuth: join(folder, 'absent.json') })).rejects.toThrow('ENOENT');
  });

  it('may be behind a URL, which is asked once for many tokens', async () => {
    const server = await JwksServer.start((response) => response.end(TokenIssuer.jwks(issuer)));
    const own = await startApiNode('A', { apiAuth: server.url });
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => issuer.token({ ...ALICE, sub: `client-${n}` })),
    );
    const answers = await Promise.all(tokens.map((token) => publish(token, 'chat', own)));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    const strangers = await Promise.all(tokens.map(async () => publish(await stranger.token(ALICE), 'chat', own)));
    expect(strangers.every(({ status }) => status === 401)).toBe(true);
    expect(server.asked).toBe(1);
    await own.close();
    await server.close();
  });

  it.each<[string, Parameters<typeof JwksServer.start>[0]]>([
    ['answers with an error', (response) => response.writeHead(500).end()],
    ['answers with something else', (response) => response.end('<html>')],
    ['answers without end', flood],
    ['does not answer', () => undefined],
    ['leads elsewhere', (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ])('behind a URL that %s leave the node running, and tokens to be tried again', async (_what, answer) => {
    const server = await JwksServer.start(answer);
    const own = await startApiNode('A', { apiAuth: server.url });
    const answered = await publish(await issuer.token(ALICE), 'chat', own);
    expect([answered.status, answered.body['code']]).toEqual([503, 'keys-unavailable']);
    expect(answered.headers.get('retry-after')).toMatch(/^\d+$/);
    await own.close();
    await server.close();
  });
});

function flood(response: ServerResponse): void {
  const write = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
  };
  response.on('drain', write);
  write();
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function unsigned(token: string): string {
  return `${encoded({ alg: 'none' })}.${token.split('.')[1] ?? ''}.`;
}

function changed(token: string, claims: Claims): string {
  const [header, payload, signature] = token.split('.');
  const old = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
  return [header, encoded({ ...old, ...claims }), signature].join('.');
}

/** What a verifier takes for good that believes the header about the algorithm. */
async function signedWithPublicKey({ key }: TokenIssuer, claims: Claims): Promise<string> {
  const secret = await jose.JWK.asKey({
    kty: 'oct',
    k: Buffer.from(JSON.stringify(key.toJSON())).toString('base64url'),
  });
  const payload = JSON.stringify({ aud: 'grapevine', exp: Math.floor(Date.now() / 1_000) + 600, ...claims });
  const fields = { kid: key.kid };
  const signer = jose.JWS.createSign({ format: 'compact', alg: 'HS256', fields }, secret);
  return (await signer.update(payload, 'utf8').final()) as unknown as string;
}
