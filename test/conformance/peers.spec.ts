import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { MembershipService } from '../../src/peers/membership/membership.service.js';
import { PeersModule } from '../../src/peers/peers.module.js';
import { PeersService } from '../../src/peers/peers.service.js';
import type { PeersListener } from '../../src/peers/peers-listener.js';
import { SocketLinks } from '../../src/peers/links/socket-links.service.js';
import { NAME_RESOLVER, type NameResolver } from '../../src/peers/discovery/name-resolver.js';
import type { Clock } from '../../src/runtime/clock.js';
import { SystemClock } from '../../src/runtime/system-clock.service.js';
import { DataFolder } from '../../src/runtime/data-folder.service.js';
import { NodeLogger } from '../../src/runtime/node-logger.service.js';

const SECRET = 'the secret of the cluster under test';

/** What a peer of a test gets instead of the machine's. */
interface Replaced {
  readonly clock?: Clock;
  readonly resolve?: NameResolver;
}

interface TestPeer {
  readonly app: INestApplicationContext;
  readonly peers: PeersService;
  readonly frames: string[];
  /** Warnings and errors that were logged. */
  readonly log: string[];
}

describe('peers of one cluster', () => {
  let started: TestPeer[] = [];

  afterEach(async () => {
    await Promise.all(started.map(({ app }) => app.close()));
    started = [];
  });

  async function start(name: string, chosen: Partial<Settings> = {}, replaced: Replaced = {}): Promise<TestPeer> {
    const settings = Object.assign(
      new Settings(),
      { name, port: 0, clusterSecret: SECRET, profile: 'local', logLevel: 'silent' },
      chosen,
    );
    const log: string[] = [];
    const write = (line: string): void => void log.push(line);
    const building = Test.createTestingModule({ imports: [ConfigModule.forRoot(settings), PeersModule] })
      .overrideProvider(NodeLogger)
      .useValue(new NodeLogger({ node: name, level: 'warn', format: 'json', destination: { write } }));
    if (replaced.clock !== undefined) building.overrideProvider(SystemClock).useValue(replaced.clock);
    if (replaced.resolve !== undefined) building.overrideProvider(NAME_RESOLVER).useValue(replaced.resolve);
    const app = await building.compile();
    const peers = app.get(PeersService);
    const frames: string[] = [];
    const listener: PeersListener = {
      linkUp: () => undefined,
      linkDown: () => undefined,
      frame: (_peer, body) => void frames.push(body.toString()),
      directoryChanged: () => undefined,
    };
    peers.attach(listener);
    await app.init();
    const peer = { app, peers, frames, log };
    started.push(peer);
    return peer;
  }

  async function startCluster(size: number): Promise<TestPeer[]> {
    const first = await start('A');
    const cluster = [first];
    for (let index = 1; index < size; index++) {
      cluster.push(await start('ABCDEFG'.charAt(index), { peers: [first.peers.url] }));
    }
    await untilAll(cluster, ({ peers }) => aliveAt(peers).length === size && peers.linked().length === size - 1);
    return cluster;
  }

  function until(isMet: () => boolean): Promise<void> {
    return expect.poll(isMet, { timeout: 10_000, interval: 20 }).toBe(true);
  }

  async function untilAll(cluster: readonly TestPeer[], isMet: (peer: TestPeer) => boolean): Promise<void> {
    await until(() => cluster.every(isMet));
  }

  function aliveAt(peers: PeersService): string[] {
    return peers.directory
      .members()
      .filter(({ state }) => state === 'alive')
      .map(({ name }) => name)
      .sort();
  }

  function stateAt({ peers }: TestPeer, name: string): string | undefined {
    return peers.directory.members().find((member) => member.name === name)?.state;
  }

  it('find each other through one bootstrap URL, link in pairs, and agree on who is there', async () => {
    const cluster = await startCluster(4);
    for (const { peers } of cluster) expect(aliveAt(peers)).toEqual(['A', 'B', 'C', 'D']);
    await until(() => new Set(cluster.map(({ peers }) => peers.directory.digest())).size === 1);
    await untilAll(cluster, ({ peers }) => peers.isJoined);
    const [a, b] = cluster as [TestPeer, TestPeer];
    await until(() => a.peers.rttMs(b.peers.self) !== undefined);
    expect(a.peers.rttMs(b.peers.self)).toBeGreaterThan(0);
    expect(Math.abs(a.peers.clockOffsetMs(b.peers.self)!)).toBeLessThan(1_000);
  });

  it('know the interest of a node by the time it is told so', async () => {
    const [a, b, c] = (await startCluster(3)) as [TestPeer, TestPeer, TestPeer];
    b.peers.setInterest([{ pattern: 'news.*', sinceMs: 5 }]);
    expect(await b.peers.waitUntilKnown(10_000)).toEqual({ by: 3, of: 3 });
    for (const { peers } of [a, b, c]) {
      expect(peers.directory.interested('news.eu')).toEqual([b.peers.self]);
      expect(peers.directory.interestSince(b.peers.self, 'news.eu')).toBe(5);
    }
    // A second change comes within the interval between versions, and is waited for all the same.
    b.peers.setInterest([{ pattern: 'chat', sinceMs: 6 }]);
    expect(await b.peers.waitUntilKnown(10_000)).toEqual({ by: 3, of: 3 });
    expect(a.peers.directory.interested('news.eu')).toEqual([]);
    expect(a.peers.directory.interested('chat')).toEqual([b.peers.self]);
  });

  it('tell how many know when the time is over', async () => {
    const a = await start('A', { peers: ['http://127.0.0.1:1'] });
    a.peers.setInterest([{ pattern: 'chat', sinceMs: 0 }]);
    expect(await a.peers.waitUntilKnown(1_000)).toEqual({ by: 1, of: 1 });
  });

  it('carry frames between the linked, to the same layer at the other end', async () => {
    const [a, b] = (await startCluster(2)) as [TestPeer, TestPeer];
    expect(a.peers.send(b.peers.self, 'data', Buffer.from('to B'))).toBe(true);
    expect(b.peers.send(a.peers.self, 'control', Buffer.from('to A'))).toBe(true);
    await until(() => a.frames.length === 1 && b.frames.length === 1);
    expect([a.frames, b.frames]).toEqual([['to A'], ['to B']]);
    expect(a.peers.send('nobody', 'data', Buffer.from('lost'))).toBe(false);
  });

  it('see a node that closes as left, and greet it when it is back with a new identity', async () => {
    const [a, b, c] = (await startCluster(3)) as [TestPeer, TestPeer, TestPeer];
    await c.app.close();
    await untilAll([a, b], (peer) => stateAt(peer, 'C') === 'left');
    const again = await start('C', { peers: [a.peers.url] });
    await untilAll([a, b, again], ({ peers }) => aliveAt(peers).length === 3);
    expect(a.peers.directory.isLive(again.peers.self)).toBe(true);
    expect(a.peers.directory.isLive(c.peers.self)).toBe(false);
  });

  it('declare a node dead that goes without a word, and take it back when it is there again', async () => {
    const [a, b, c, d] = (await startCluster(4)) as [TestPeer, TestPeer, TestPeer, TestPeer];
    await d.app.get(SocketLinks, { strict: false }).shutdown();
    d.app.get(MembershipService, { strict: false }).stop();
    await untilAll([a, b, c], (peer) => stateAt(peer, 'D') === 'dead');
    for (const { peers } of [a, b, c]) expect(aliveAt(peers)).toEqual(['A', 'B', 'C']);
    const again = await start('D', { port: Number(new URL(d.peers.url).port), peers: [b.peers.url] });
    await untilAll([a, b, c, again], ({ peers }) => aliveAt(peers).length === 4);
  });

  it('know what time it is at one whose clock is an hour ahead, and take what is ahead of now for now', async () => {
    const a = await start('A');
    const hourMs = 3_600_000;
    const clock = { wallMs: () => Date.now() + hourMs, monotonicMs: () => performance.now() };
    const b = await start('B', { peers: [a.peers.url] }, { clock });
    await until(() => a.peers.clockOffsetMs(b.peers.self) !== undefined);
    const published = Date.now() - 60_000;
    expect(Math.abs(a.peers.localTimeOf(b.peers.self, published + hourMs) - published)).toBeLessThan(1_000);
    expect(a.peers.counters.stampsAhead).toBe(0);
    expect(a.peers.localTimeOf(b.peers.self, published + 24 * hourMs)).toBeLessThanOrEqual(Date.now());
    expect(a.peers.counters.stampsAhead).toBe(1);
  });

  it('shut out one that goes on sending what no honest node sends, and nobody else', async () => {
    const [a, b, c] = (await startCluster(3)) as [TestPeer, TestPeer, TestPeer];
    const attack = b.app.get(SocketLinks, { strict: false });
    await until(() => {
      attack.send(a.peers.self, 'control', Buffer.from([1, 200, 1, 2]));
      return a.peers.excluded().length > 0;
    });
    expect(a.peers.excluded()).toMatchObject([{ id: b.peers.self, reason: 'malformed-frame' }]);
    await until(() => !a.peers.linked().includes(b.peers.self));
    await until(() => b.peers.counters.closedByPeer.of('quarantined') > 0);
    expect(a.peers.exclusions.of('malformed-frame')).toBe(1);
    // It dials again and is turned away; C, which it did nothing to, keeps both and tells each that the other lives.
    await until(() => b.peers.counters.closedByPeer.of('quarantined') > 2);
    expect(a.peers.linked()).toEqual([c.peers.self]);
    expect(c.peers.linked()).toHaveLength(2);
    expect(a.peers.directory.isLive(b.peers.self)).toBe(true);
    expect(c.peers.excluded()).toEqual([]);
  });

  it('find one that came back at another address, and no longer dial where it was', async () => {
    const [a, b, c] = (await startCluster(3)) as [TestPeer, TestPeer, TestPeer];
    const folder = await mkdtemp(join(tmpdir(), 'grapevine-peers-'));
    const before = await start('D', { peers: [a.peers.url], dataDir: folder });
    await untilAll([a, b, c], ({ peers }) => aliveAt(peers).includes('D'));
    const oldUrl = before.peers.url;
    await before.app.get(SocketLinks, { strict: false }).shutdown();
    before.app.get(MembershipService, { strict: false }).stop();
    await before.app.get(DataFolder, { strict: false }).unlock();
    const listener = createServer();
    let dials = 0;
    listener.on('connection', (socket) => {
      dials++;
      socket.destroy();
    });
    await until(() => stateAt(a, 'D') === 'dead');
    await new Promise<void>((resolve) => listener.listen(Number(new URL(oldUrl).port), '127.0.0.1', resolve));
    const again = await start('D', { peers: [b.peers.url], dataDir: folder });
    expect(again.peers.self).toBe(before.peers.self);
    await untilAll([a, b, c], ({ peers }) => peers.linked().includes(again.peers.self));
    expect(a.peers.directory.member(again.peers.self)?.url).toBe(again.peers.url);
    const dialsBefore = dials;
    await until(() => [a, b, c].every(({ peers }) => aliveAt(peers).length === 4));
    // One dial of each may have been on its way; after that nobody is interested in the old place.
    expect(dials).toBeLessThanOrEqual(dialsBefore + 3);
    listener.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('follow a name that comes to stand for other addresses, asked again for as long as they run', async () => {
    const a = await start('A');
    const port = Number(new URL(a.peers.url).port);
    const answers: (readonly string[] | Error)[] = [new Error('no such name'), [], ['127.0.0.2']];
    let asked = 0;
    const resolve = (): Promise<readonly string[]> => {
      const answer = answers[asked++] ?? ['127.0.0.1'];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const b = await start('B', { peers: [`dns+http://grapevine.test:${port}`] }, { resolve });
    await expect.poll(() => b.peers.linked(), { timeout: 19_000, interval: 50 }).toEqual([a.peers.self]);
    expect(asked).toBeGreaterThanOrEqual(4);
  }, 30_000);

  it('find each other through a name that stands for their addresses', async () => {
    const a = await start('A');
    const b = await start('B', { peers: [`dns+http://localhost:${new URL(a.peers.url).port}`] });
    await untilAll([a, b], ({ peers }) => aliveAt(peers).length === 2 && peers.linked().length === 1);
  });

  it('go on alone when no bootstrap peer answers, and are joined then', async () => {
    const a = await start('A', { peers: ['http://127.0.0.1:1'] });
    await until(() => a.peers.isJoined);
    expect(aliveAt(a.peers)).toEqual(['A']);
  });

  it('refuse a node with another secret, count it, and are not disturbed', async () => {
    const [a, b] = (await startCluster(2)) as [TestPeer, TestPeer];
    const stranger = await start('S', { peers: [a.peers.url], clusterSecret: randomBytes(32).toString('hex') });
    await until(() => a.peers.counters.closed.of('wrong-secret') > 0);
    await until(() => stranger.peers.counters.closedByPeer.of('wrong-secret') > 0);
    expect(aliveAt(stranger.peers)).toEqual(['S']);
    expect(aliveAt(a.peers)).toEqual(['A', 'B']);
    // The operator of the one that dials is told, and not at every attempt.
    await until(() => stranger.peers.counters.closedByPeer.of('wrong-secret') > 2);
    expect(stranger.log).toEqual([
      expect.stringMatching(new RegExp(`CLUSTER_SECRET.*${a.peers.url}|${a.peers.url}.*CLUSTER_SECRET`)),
    ]);
    expect(b.peers.linked()).toEqual([a.peers.self]);
  });

  it('refuse a node of another cluster, and count it', async () => {
    const a = await start('A');
    const stranger = await start('S', { peers: [a.peers.url], clusterName: 'another' });
    await until(() => stranger.peers.counters.closed.of('wrong-cluster') > 0);
    // The side that dials is the first to see a record, and tells the other why it hangs up.
    await until(() => a.peers.counters.closedByPeer.of('wrong-cluster') > 0);
    expect(aliveAt(a.peers)).toEqual(['A']);
  });

  it('do not take in a node with the name of one that answers, which says whose it is', async () => {
    const [a, b] = (await startCluster(2)) as [TestPeer, TestPeer];
    const second = await start('B', { peers: [a.peers.url] });
    const taken = `the name B is taken: ${b.peers.url} has it, and answers`;
    await expect(second.peers.joined()).rejects.toThrow(taken);
    await expect(second.peers.joined()).rejects.toThrow(taken);
    expect(second.peers.isJoined).toBe(false);
    // It said farewell, so that nobody takes it for dead.
    await untilAll([a, b], ({ peers }) => peers.directory.member(second.peers.self)?.state === 'left');
    expect(b.log).toEqual([expect.stringContaining('another node has the name of this one')]);
    expect(aliveAt(a.peers)).toEqual(['A', 'B']);
  });

  it('take in a node with the name of one that is dead by the time it is known', async () => {
    const [a, b] = (await startCluster(2)) as [TestPeer, TestPeer];
    await b.app.get(SocketLinks, { strict: false }).shutdown();
    b.app.get(MembershipService, { strict: false }).stop();
    const again = await start('B', { peers: [a.peers.url] });
    await again.peers.joined();
    expect(again.peers.isJoined).toBe(true);
    expect(again.peers.directory.member(b.peers.self)?.state).toBe('dead');
  });

  it('show it when two of one name find each other later, and both stay', async () => {
    const a = await start('A');
    const again = await start('A', { port: 0 });
    a.app.get(SocketLinks, { strict: false }).keep(again.peers.url);
    await untilAll([a, again], ({ log }) => log.some((line) => line.includes('another node has the name of this one')));
    await untilAll([a, again], ({ peers }) => aliveAt(peers).length === 2);
  });
});
