import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import type { VersionRange } from '../../src/crypto/hello.js';
import { PROTOCOL_VERSIONS, SPOKEN_VERSIONS } from '../../src/crypto/protocol-version.js';
import { GrapevineModule } from '../../src/grapevine.module.js';
import { Grapevine } from '../../src/grapevine.service.js';
import { InboxService } from '../../src/gossip/delivery/inbox.service.js';
import { PeersService } from '../../src/peers/peers.service.js';
import { SubscriptionsModule } from '../../src/subscriptions/subscriptions.module.js';

const SECRET = 'the secret of the cluster under test';
const POLL = { timeout: 15_000, interval: 20 };
const { max: NEW } = PROTOCOL_VERSIONS;
const OLD = NEW - 1;

interface Node {
  readonly grapevine: Grapevine;
  readonly peers: PeersService;
  readonly inbox: InboxService;
}

describe('nodes of neighbouring versions of the protocol', { timeout: 60_000 }, () => {
  let apps: INestApplicationContext[];

  beforeEach(() => {
    apps = [];
  });

  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
  });

  /** A node as a build would be that speaks these versions and no others. */
  async function start(
    name: string,
    spoken: VersionRange,
    peers: readonly Node[] = [],
    chosen: Partial<Settings> = {},
  ): Promise<Node> {
    const fixed = {
      name,
      port: 0,
      profile: 'local',
      logLevel: 'silent',
      store: 'memory',
      clusterSecret: SECRET,
    } as const;
    const urls = peers.map((peer) => peer.peers.url);
    const settings = Object.assign(new Settings(), fixed, { api: false, peers: urls }, chosen);
    const module = { module: GrapevineModule, imports: [ConfigModule.forRoot(settings), SubscriptionsModule] };
    const builder = Test.createTestingModule({ imports: [module] });
    const app = await builder.overrideProvider(SPOKEN_VERSIONS).useValue(spoken).compile();
    apps.push(app);
    await app.init();
    const get = <T>(type: new (...args: never[]) => T): T => app.get(type, { strict: false });
    return { grapevine: get(Grapevine), peers: get(PeersService), inbox: get(InboxService) };
  }

  it('exchange messages in all directions, and tell each other what both understand', async () => {
    const old = await start('old', { min: OLD, max: OLD });
    const one = await start('one', PROTOCOL_VERSIONS, [old]);
    const other = await start('other', PROTOCOL_VERSIONS, [old]);
    const nodes = [old, one, other];
    await expect.poll(() => nodes.every(({ peers }) => peers.linked().length === 2), POLL).toBe(true);
    const heard = await Promise.all(
      nodes.map(async ({ grapevine }) => {
        const messages: unknown[] = [];
        await grapevine.subscribe('chat', ({ message }) => void messages.push(message));
        return messages;
      }),
    );
    for (const [index, { grapevine }] of nodes.entries()) {
      const { ack } = await grapevine.publish('chat', index, { ack: 'all', timeoutMs: 15_000 });
      expect(ack).toMatchObject({ confirmed: 3, of: 3 });
    }
    for (const messages of heard) await expect.poll(() => [...messages].sort(), POLL).toEqual([0, 1, 2]);
    const linkOf = (from: Node, to: Node): unknown => {
      const peer = from.grapevine.status().peers.find(({ id }) => id === to.peers.self);
      return [peer?.protocol, peer?.sameTopicPolicy, peer?.sameAllowList];
    };
    expect([linkOf(one, old), linkOf(old, one)]).toEqual([
      [OLD, null, null],
      [OLD, null, null],
    ]);
    await expect.poll(() => linkOf(one, other), POLL).toEqual([NEW, true, true]);
    // Nothing was sent that the other side does not know.
    for (const { peers } of nodes) expect([...peers.counters.refused.entries()]).toEqual([]);
  });

  it('do not wait for one that takes nothing, also when it cannot say so in the words of today', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grapevine-'));
    const topicPolicyFile = join(folder, 'policy');
    await writeFile(topicPolicyFile, JSON.stringify({ topics: { chat: { publish: [] } } }));
    const old = await start('old', { min: OLD, max: OLD });
    const taking = await start('taking', PROTOCOL_VERSIONS, [old]);
    const refusing = await start('refusing', PROTOCOL_VERSIONS, [old], { topicPolicyFile });
    const nodes = [old, taking, refusing];
    await expect.poll(() => nodes.every(({ peers }) => peers.linked().length === 2), POLL).toBe(true);
    const heard: unknown[] = [];
    await taking.grapevine.subscribe('chat', ({ message }) => void heard.push(message));
    await refusing.grapevine.subscribe('chat', ({ message }) => void heard.push(['refused', message]));
    for (const publisher of [old, taking]) {
      await expect.poll(() => publisher.peers.directory.interested('chat').length, POLL).toBe(2);
      for (const message of [1, 2]) {
        const { ack } = await publisher.grapevine.publish('chat', message, { ack: 'all', timeoutMs: 15_000 });
        expect(ack.confirmed).toBe(ack.of);
      }
    }
    await expect.poll(() => heard, POLL).toEqual([1, 2, 1, 2]);
    // The old one was sent nothing that it does not know.
    expect(old.inbox.counters.refused.frame).toBe(0);
    expect(refusing.inbox.counters.refused.policy).toBeGreaterThan(0);
    expect(old.peers.linked()).toHaveLength(2);
    await rm(folder, { recursive: true });
  });

  it('that have none in common refuse each other, and count it', async () => {
    const here = await start('here', PROTOCOL_VERSIONS);
    const future = await start('future', { min: NEW + 1, max: NEW + 2 }, [here]);
    await expect.poll(() => here.peers.counters.closed.of('no-common-version'), POLL).toBeGreaterThan(0);
    await expect.poll(() => future.peers.counters.closedByPeer.of('no-common-version'), POLL).toBeGreaterThan(0);
    expect([here.peers.linked(), future.peers.linked()]).toEqual([[], []]);
  });
});
