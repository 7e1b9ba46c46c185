import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keysCommand } from '../../../src/cli/keys-command.service.js';
import { decodeAllowedKeys } from '../../../src/crypto/allowed-keys.js';
import { createIdentity } from '../../../src/crypto/identity-keys.js';
import { IDENTITY_FILE } from '../../../src/crypto/identity.service.js';

const [A, B, C] = ['A', 'B', 'C'].map((letter) => letter.padEnd(43, 'A')) as [string, string, string];

let folder: string;
let servers: Server[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-'));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

const keys = (...args: string[]): Promise<string> => keysCommand(args, {});

async function fileWith(text: string): Promise<string> {
  const path = join(folder, 'file');
  await writeFile(path, text);
  return path;
}

async function dataFolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, IDENTITY_FILE), JSON.stringify(await createIdentity()));
  return path;
}

/** What a running node tells of itself and one peer. */
async function nodeNamed(names: Readonly<Record<string, string>>): Promise<string> {
  const [node, ...peers] = Object.entries(names).map(([name, id]) => ({ id, name }));
  const server = createServer((_, answer) => answer.end(JSON.stringify({ node, peers })));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the keys of a node', () => {
  it('are shown from its data folder, without what is private', async () => {
    const path = await dataFolder('A');
    const id = await keys('show', '--data-dir', path);
    const jwk = await keys('jwk', '--data-dir', path);
    expect(await keysCommand(['show'], { DATA_DIR: path })).toBe(id);
    expect(JSON.parse(jwk)).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', kid: id });
    expect(JSON.parse(jwk)).not.toHaveProperty('d');
    expect(decodeAllowedKeys(`{"keys": [${jwk}]}`)).toEqual({ ok: true, value: new Set([id]) });
  });

  it('are missing readably', async () => {
    await expect(keys('show', '--data-dir', join(folder, 'none'))).rejects.toThrow(/ENOENT/);
    const path = await dataFolder('A');
    await writeFile(join(path, IDENTITY_FILE), '{"keys": []}');
    await expect(keys('show', '--data-dir', path)).rejects.toThrow('is damaged: it must hold one signing key');
  });
});

describe('an allow-list', () => {
  it.each([
    ['lines', `# ours\n${A} # first\n`],
    ['an array', JSON.stringify([A])],
  ])('of %s takes keys and gives them back', async (_, text) => {
    const file = await fileWith(text);
    expect(await keys('add', '--file', file, B, '--remark', 'the second')).toBe('2 on the list');
    expect(await keys('add', '--file', file, B)).toBe('not changed: the key is on the list');
    expect((await keys('list', '--file', file)).split('\n')).toEqual([A, B]);
    expect(await keys('remove', '--file', file, A)).toBe('1 on the list');
    expect(await keys('remove', '--file', file, A)).toBe('not changed: the key is not on the list');
    expect(await keys('remove', '--file', file, B)).toBe('0 on the list');
    expect(await keys('list', '--file', file)).toBe('nobody');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('of lines keeps its remarks', async () => {
    const file = await fileWith(`# ours\n${A} # first\n`);
    await keys('add', '--file', file, B, '--remark', 'the second');
    expect(await readFile(file, 'utf8')).toBe(`# ours\n${A} # first\n${B} # the second\n`);
  });

  it('that is a JWK set takes public keys, and no private one', async () => {
    const [one, other] = [await dataFolder('A'), await dataFolder('B')];
    const [jwk, id] = [await keys('jwk', '--data-dir', one), await keys('show', '--data-dir', one)];
    const file = await fileWith('{"keys": []}');
    expect(await keys('add', '--file', file, jwk)).toBe('1 on the list');
    expect(await keys('add', '--file', file, await keys('jwk', '--data-dir', other))).toBe('2 on the list');
    await expect(keys('add', '--file', file, C)).rejects.toThrow('needs the public key');
    const { keys: pairs } = JSON.parse(await readFile(join(one, IDENTITY_FILE), 'utf8')) as { keys: object[] };
    await expect(keys('add', '--file', file, JSON.stringify(pairs[0]))).rejects.toThrow('it is a private key');
    expect(await keys('remove', '--file', file, id)).toBe('1 on the list');
  });

  it('is listed with the names that a running node knows', async () => {
    const file = await fileWith(`${A}\n${B}\n`);
    const url = await nodeNamed({ alpha: A, gamma: C });
    expect(await keys('list', '--file', file, '--url', url)).toBe(`${A} alpha\n${B}`);
  });

  it('that is wrong is left as it is', async () => {
    const file = await fileWith('nonsense');
    await expect(keys('add', '--file', file, A)).rejects.toThrow('line 1 is not the thumbprint of a key');
    expect(await readFile(file, 'utf8')).toBe('nonsense');
    await expect(keys('add', '--file', file, 'B')).rejects.toThrow('neither a thumbprint of a key nor a public JWK');
  });
});

describe('a topic policy', () => {
  const policy = {
    groups: { ours: [A, B] },
    topics: { '>': { publish: ['ours'] }, 'a.*': { read: [C], publish: [] } },
  };

  it('is checked, and says who may do what with a topic, and why', async () => {
    const file = await fileWith(JSON.stringify(policy));
    expect(await keys('policy', '--file', file)).toContain('2 rules, digest ');
    expect(await keys('policy', '--file', file, 'a.b')).toBe(
      `publish a.b: nobody (rule a.*)\nread a.b: ${C} (rule a.*)`,
    );
    const url = await nodeNamed({ alpha: A, beta: B });
    expect(await keys('policy', '--file', file, 'news', '--url', url)).toBe(
      `publish news: ${A} alpha, ${B} beta (rule >)\nread news: everybody (no rule)`,
    );
    await expect(keys('policy', '--file', file, 'a.*')).rejects.toThrow('stand alone in a token');
  });

  it('that is wrong is refused with the reason', async () => {
    const file = await fileWith('{"topics": {"a": {"publish": ["alpha"]}}}');
    await expect(keys('policy', '--file', file)).rejects.toThrow('topic "a": publish names "alpha"');
  });
});

it.each([[['steal']], [[]], [['list']], [['add', A, B]], [['show', '--folder', 'x']]])(
  'what is not understood is answered with the usage: %j',
  async (args) => {
    await expect(keys(...args)).rejects.toThrow('Usage: npm run keys -- show');
  },
);
