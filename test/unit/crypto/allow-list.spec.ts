import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Settings } from '../../../src/config/settings.js';
import { ALLOWED_KEYS_BYTES_MAX } from '../../../src/crypto/allowed-keys.js';
import type { AllowList } from '../../../src/crypto/allow-list.service.js';
import { NodeLogger } from '../../../src/runtime/node-logger.service.js';
import { StartError } from '../../../src/runtime/start-error.js';
import { shakeHandsOf } from './handshake-fixture.js';
import { allowListOf, createNode, OTHER_SECRET, SECRET, type TestNode } from './node-fixture.js';

let folder: string;
let allowedKeysFile: string;
let opened: AllowList[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grapevine-'));
  allowedKeysFile = join(folder, 'allowed-keys');
  opened = [];
});

afterEach(async () => {
  for (const list of opened) list.onApplicationShutdown();
  await rm(folder, { recursive: true });
});

const POLL = { timeout: 10_000, interval: 20 };
const [A, B, C] = ['A', 'B', 'C'].map((letter) => letter.padEnd(43, 'A')) as [string, string, string];

async function allow(...ids: string[]): Promise<void> {
  await writeFile(`${allowedKeysFile}.new`, JSON.stringify(ids));
  await rename(`${allowedKeysFile}.new`, allowedKeysFile);
}

describe('the file of the allow-list', () => {
  const listOf = (logger?: NodeLogger): AllowList =>
    allowListOf(Object.assign(new Settings(), { allowedKeysFile }), logger);

  async function watched(logger?: NodeLogger): Promise<{ readonly list: AllowList; readonly changes: string[][] }> {
    const list = listOf(logger);
    opened.push(list);
    await list.onModuleInit();
    const changes: string[][] = [];
    list.attach(() => changes.push([...list.ids!]));
    list.onApplicationBootstrap();
    return { list, changes };
  }

  it('that is not configured admits nobody and stands in nobody’s way', async () => {
    const list = allowListOf(new Settings());
    await list.onModuleInit();
    expect(list.ids).toBeUndefined();
  });

  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['is missing', async () => undefined, /cannot be used: ENOENT/],
    ['is a folder', (path) => mkdir(path), /it is not a file$/],
    [
      'is too large',
      (path) => writeFile(path, '').then(() => truncate(path, ALLOWED_KEYS_BYTES_MAX + 1)),
      /larger than/,
    ],
    ['is wrong', (path) => writeFile(path, `${A}\nB`), /line 2 is not the thumbprint of a key$/],
  ])('keeps a node that is told of it from starting when it %s', async (_, prepare, line) => {
    await prepare(allowedKeysFile);
    const starting = listOf().onModuleInit();
    await expect(starting).rejects.toThrow(StartError);
    await expect(starting).rejects.toThrow(line);
    await expect(starting).rejects.toThrow(/^the allow-list [^\n]+$/);
  });

  it('takes effect when it is replaced and when it is written again', async () => {
    await allow(A);
    const { list, changes } = await watched();
    expect([...list.ids!]).toEqual([A]);
    await allow(A, B);
    await expect.poll(() => changes, POLL).toEqual([[A, B]]);
    await writeFile(allowedKeysFile, `${C}\n`);
    await expect.poll(() => changes.at(-1), POLL).toEqual([C]);
  });

  it('takes effect when it changed before it was watched', async () => {
    await allow(A);
    const list = listOf();
    opened.push(list);
    await list.onModuleInit();
    await allow(B);
    list.onApplicationBootstrap();
    await expect.poll(() => [...list.ids!], POLL).toEqual([B]);
  });

  it('takes effect when a link to it is turned to another one', async () => {
    await writeFile(join(folder, 'one'), A);
    await writeFile(join(folder, 'two'), B);
    await symlink('one', allowedKeysFile);
    const { changes } = await watched();
    await symlink('two', `${allowedKeysFile}.new`);
    await rename(`${allowedKeysFile}.new`, allowedKeysFile);
    await expect.poll(() => changes, POLL).toEqual([[B]]);
  });

  it('stays as it was while the new one is wrong or missing', async () => {
    await allow(A);
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = new NodeLogger({ node: 'A', level: 'info', format: 'json', destination });
    const { list, changes } = await watched(logger);
    await writeFile(allowedKeysFile, 'nonsense');
    await expect.poll(() => lines.join(''), POLL).toContain('line 1 is not the thumbprint of a key');
    await rm(allowedKeysFile);
    await expect.poll(() => lines.join(''), POLL).toContain('ENOENT');
    await writeFile(allowedKeysFile, '');
    await expect.poll(() => lines.join(''), POLL).toContain('it holds no thumbprint');
    expect([...list.ids!]).toEqual([A]);
    expect(lines).toHaveLength(3);
    await allow(B);
    await expect.poll(() => changes, POLL).toEqual([[B]]);
  });
});

describe('admission by key', () => {
  const started = async (chosen: Partial<Settings>): Promise<TestNode> => {
    const node = await createNode(chosen);
    opened.push(node.allowList);
    return node;
  };

  /** A node with an allow-list, and one that is on it. */
  async function pair(host: Partial<Settings>, guest: Partial<Settings>): Promise<readonly [TestNode, TestNode]> {
    const other = await createNode({ name: 'B', ...guest });
    await allow(other.identity.id);
    return [await started({ ...host, allowedKeysFile }), other];
  }

  const admits = async (host: TestNode, guest: TestNode): Promise<boolean> => (await host.records.verify(guest.jws)).ok;

  it('is open to who is on the list, with a secret, another or none', async () => {
    for (const clusterSecret of [{}, { clusterSecret: SECRET }]) {
      for (const guest of [{}, { clusterSecret: SECRET }, { clusterSecret: OTHER_SECRET }]) {
        const [host, other] = await pair(clusterSecret, guest);
        expect(await admits(host, other)).toBe(true);
      }
    }
  });

  it('is open to who knows the secret and is not on the list, where there is a secret', async () => {
    await allow();
    const host = await started({ clusterSecret: SECRET, allowedKeysFile });
    expect(await admits(host, await createNode({ clusterSecret: SECRET }))).toBe(true);
    expect(await admits(host, await createNode({ clusterSecret: OTHER_SECRET }))).toBe(false);
    expect(await admits(host, await createNode({}))).toBe(false);
  });

  it('is closed to everybody else where there is only the list', async () => {
    await allow();
    const host = await started({ allowedKeysFile });
    expect(await admits(host, await createNode({}))).toBe(false);
    expect(await admits(host, await createNode({ clusterSecret: SECRET }))).toBe(false);
    expect(await admits(host, host)).toBe(true);
  });

  it('ends for a record that was verified before, and is open again, as the list says', async () => {
    const [host, other] = await pair({}, {});
    expect(await admits(host, other)).toBe(true);
    host.allowList.onApplicationBootstrap();
    await allow();
    await expect.poll(() => admits(host, other), POLL).toBe(false);
    await allow(other.identity.id);
    await expect.poll(() => admits(host, other), POLL).toBe(true);
  });

  it('needs the key, not only its name: a record that another key signed is refused', async () => {
    const [host, other] = await pair({}, {});
    const thief = await createNode({ name: 'B' });
    const [header, payload] = other.jws.split('.');
    const forged = `${header}.${payload}.${thief.identity.sign(Buffer.from(`${header}.${payload}`)).toString('base64url')}`;
    expect(await host.records.verify(forged)).toEqual({ ok: false, reason: 'record has a wrong signature' });
  });
});

describe('a handshake between nodes with allow-lists', () => {
  /** Two nodes that have each other on their lists. */
  async function friends(...chosen: [Partial<Settings>, Partial<Settings>]): Promise<[TestNode, TestNode]> {
    await allow();
    const nodes = await Promise.all(chosen.map((settings) => createNode({ ...settings, allowedKeysFile })));
    await allow(...nodes.map(({ identity }) => identity.id));
    for (const { allowList } of nodes) {
      opened.push(allowList);
      await allowList.onModuleInit();
    }
    return nodes as [TestNode, TestNode];
  }

  async function outcomes(a: TestNode, b: TestNode): Promise<unknown[]> {
    const ends: unknown[] = [];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const { initiator, responder } = await shakeHandsOf(from, to);
      ends.push(initiator.refused ?? responder.refused ?? (initiator.done && responder.done ? 'done' : 'nothing'));
    }
    return ends;
  }

  it.each<[string, Partial<Settings>, Partial<Settings>]>([
    ['without secrets', {}, {}],
    ['of which one has a secret', { clusterSecret: SECRET }, {}],
    ['with different secrets', { clusterSecret: SECRET }, { clusterSecret: OTHER_SECRET }],
    ['that replace secrets', { clusterSecret: SECRET, clusterSecretPrevious: OTHER_SECRET }, {}],
    ['with the same secret', { clusterSecret: SECRET }, { clusterSecret: SECRET }],
  ])('%s is completed in both directions', async (_, one, other) => {
    expect(await outcomes(...(await friends(one, other)))).toEqual(['done', 'done']);
  });

  it('is refused for the record when one is not on the list of the other', async () => {
    const [a] = await friends({}, {});
    await allow(a.identity.id);
    const stranger = await createNode({ allowedKeysFile });
    opened.push(stranger.allowList);
    expect(await outcomes(a, stranger)).toEqual(['bad-record', 'bad-record']);
  });

  it('does not spare a node without the secret where there is a secret and no list', async () => {
    const [, b] = await friends({}, {});
    expect(await outcomes(await createNode({ clusterSecret: SECRET }), b)).toEqual(['wrong-secret', 'wrong-secret']);
  });

  it('cannot be talked out of the secret that both know', async () => {
    const [a, b] = await friends({ clusterSecret: SECRET }, { clusterSecret: SECRET });
    // Of the three MACs of the hello, the second is the one that proves nothing.
    const { initiator, responder, messages } = await shakeHandsOf(a, b, (message, number) => {
      if (number !== 1) return message;
      const proof = message.subarray(-32, -16);
      return Buffer.concat([message.subarray(0, -48), proof, proof, proof]);
    });
    expect(messages).toHaveLength(2);
    expect([initiator, responder]).toEqual([{ refused: 'wrong-secret' }, {}]);
  });
});
