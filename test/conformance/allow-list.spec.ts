import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { PeersModule } from '../../src/peers/peers.module.js';
import { PeersService } from '../../src/peers/peers.service.js';

const SECRET = 'the secret of the cluster under test';

// A refused node tries again after up to ten seconds.
describe('peers with an allow-list', { timeout: 60_000 }, () => {
  let folder: string;
  let apps: INestApplicationContext[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grapevine-'));
    apps = [];
  });

  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await rm(folder, { recursive: true });
  });

  async function start(name: string, chosen: Partial<Settings>): Promise<PeersService> {
    const fixed = { name, port: 0, profile: 'local', logLevel: 'silent' } as const;
    const settings = Object.assign(new Settings(), fixed, chosen);
    const app = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(settings), PeersModule],
    }).compile();
    apps.push(app);
    await app.init();
    return app.get(PeersService);
  }

  /** The path of a list that holds these nodes from now on. */
  async function listed(file: string, ...nodes: readonly PeersService[]): Promise<string> {
    const path = join(folder, file);
    await writeFile(`${path}.new`, JSON.stringify(nodes.map(({ self }) => self)));
    await rename(`${path}.new`, path);
    return path;
  }

  const until = async (isMet: () => boolean): Promise<void> => {
    await expect.poll(isMet, { timeout: 15_000, interval: 20 }).toBe(true);
  };

  const stateAt = (peers: PeersService, other: PeersService): string | undefined =>
    peers.directory.member(other.self)?.state;

  const areLinked = (...nodes: readonly PeersService[]): boolean =>
    nodes.every((node) => nodes.every((other) => other === node || node.linked().includes(other.self)));

  it('link without a secret as soon as they are on the list, and refuse who is not', async () => {
    const allowedKeysFile = await listed('keys');
    const a = await start('A', { allowedKeysFile });
    const [b, c] = await Promise.all(['B', 'C'].map((name) => start(name, { allowedKeysFile, peers: [a.url] })));
    await until(() => [b!, c!].every(({ counters }) => counters.closed.of('bad-record') > 0));
    expect(a.directory.members()).toHaveLength(1);
    await listed('keys', a, b!);
    await until(() => areLinked(a, b!));
    const refused = a.counters.closed.of('bad-record');
    await until(() => a.counters.closed.of('bad-record') > refused);
    expect([stateAt(a, c!), stateAt(b!, c!), stateAt(c!, a)]).toEqual([undefined, undefined, undefined]);
    await listed('keys', a, b!, c!);
    await until(() => areLinked(a, b!, c!));
  });

  it('unlink a node that is taken off the list, see it die, and take it back when it is on it again', async () => {
    const allowedKeysFile = await listed('keys');
    const a = await start('A', { allowedKeysFile });
    const b = await start('B', { allowedKeysFile, peers: [a.url] });
    const c = await start('C', { allowedKeysFile, peers: [a.url] });
    await listed('keys', a, b, c);
    await until(() => areLinked(a, b, c));
    await listed('keys', a, b);
    await until(() => stateAt(a, c) === 'dead' && stateAt(b, c) === 'dead');
    const refusals = [a, b, c].map(({ counters }) => counters.closed.of('bad-record'));
    expect(Math.max(...refusals)).toBeGreaterThan(0);
    expect([a.linked(), b.linked(), c.linked()]).toEqual([[b.self], [a.self], []]);
    // C goes on trying, and its dial brings it nothing.
    const refused = a.counters.closed.of('bad-record');
    await until(() => a.counters.closed.of('bad-record') > refused);
    expect([stateAt(a, c), areLinked(a, b)]).toEqual(['dead', true]);
    await listed('keys', a, b, c);
    await until(() => areLinked(a, b, c) && stateAt(a, c) === 'alive' && stateAt(b, c) === 'alive');
  });

  it('stay linked while a new list is wrong', async () => {
    const allowedKeysFile = await listed('keys');
    const a = await start('A', { allowedKeysFile });
    const b = await start('B', { allowedKeysFile, peers: [a.url] });
    await listed('keys', a, b);
    await until(() => areLinked(a, b));
    await writeFile(allowedKeysFile, 'nonsense');
    // The next good list takes effect, so the wrong one before it was seen or replaced; neither may have cost the link.
    const c = await start('C', { allowedKeysFile: await listed('of C', a, b), peers: [a.url] });
    await listed('keys', a, b, c);
    await until(() => areLinked(a, b, c));
    expect(a.counters.linksDown).toBe(0);
  });

  it('admit by list beside the secret, of nodes met and of nodes heard of alike', async () => {
    const a = await start('A', { clusterSecret: SECRET, allowedKeysFile: await listed('of A') });
    const b = await start('B', { clusterSecret: SECRET, peers: [a.url] });
    await until(() => areLinked(a, b));
    // C knows no secret: A has it on its list, B has no list.
    const c = await start('C', { allowedKeysFile: await listed('of C', a, b), peers: [a.url, b.url] });
    await until(() => c.counters.closedByPeer.of('wrong-secret') + b.counters.closed.of('wrong-secret') > 0);
    await listed('of A', c);
    await until(() => areLinked(a, c));
    await until(() => b.counters.refused.of('record') > 0);
    expect([stateAt(b, c), b.linked()]).toEqual([undefined, [a.self]]);
    // Off the list, C is out; B, who knows the secret, is not.
    await listed('of A');
    await until(() => stateAt(a, c) === 'dead');
    expect(areLinked(a, b)).toBe(true);
  });
});
