import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { TopicKeysService } from '../../src/gossip/keys/topic-keys.service.js';
import { keyIdOf } from '../../src/crypto/topic-keys.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../src/gossip/bundles/gossip-frames.js';
import type { Bundle } from '../../src/gossip/bundles/bundle.js';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import { DeliveryService } from '../../src/gossip/delivery/delivery.service.js';
import { InboxService } from '../../src/gossip/delivery/inbox.service.js';
import { BundleLog } from '../../src/gossip/log/bundle-log.service.js';
import { GrapevineModule } from '../../src/grapevine.module.js';
import { Grapevine } from '../../src/grapevine.service.js';
import { PeersService } from '../../src/peers/peers.service.js';
import { Deadlines } from '../../src/runtime/deadlines.service.js';
import { SubscriptionsService } from '../../src/subscriptions/subscriptions.service.js';
import { SubscriptionsModule } from '../../src/subscriptions/subscriptions.module.js';
import { bundleAt } from '../unit/gossip/log-rig.js';

const SECRET = 'the secret of the cluster under test';
const POLL = { timeout: 15_000, interval: 20 };
/** Missing keys that a node asks for at a time. */
const KEYS_ASKED_AT_A_TIME = 4_096;
/** The kind of a frame of gossip that grants keys. */
const KEY_GRANT = 11;

interface Node {
  readonly grapevine: Grapevine;
  readonly peers: PeersService;
  readonly keys: TopicKeysService;
  readonly log: BundleLog;
  readonly inbox: InboxService;
  readonly deadlines: Deadlines;
  readonly delivery: DeliveryService;
  readonly subscriptions: SubscriptionsService;
}

describe('topic keys', { timeout: 60_000 }, () => {
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

  async function start(name: string, chosen: Partial<Settings> = {}): Promise<Node> {
    const fixed = {
      name,
      port: 0,
      profile: 'local',
      logLevel: 'silent',
      store: 'memory',
      clusterSecret: SECRET,
    } as const;
    const settings = Object.assign(new Settings(), fixed, { api: false }, chosen);
    const imports = [ConfigModule.forRoot(settings), SubscriptionsModule];
    const module = { module: GrapevineModule, imports };
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    apps.push(app);
    await app.init();
    const get = <T>(type: new (...args: never[]) => T): T => app.get(type, { strict: false });
    return {
      grapevine: get(Grapevine),
      peers: get(PeersService),
      keys: get(TopicKeysService),
      log: get(BundleLog),
      inbox: get(InboxService),
      deadlines: get(Deadlines),
      delivery: get(DeliveryService),
      subscriptions: get(SubscriptionsService),
    };
  }

  const areLinked = async (...nodes: readonly Node[]): Promise<void> => {
    await expect.poll(() => nodes.every(({ peers }) => peers.linked().length === nodes.length - 1), POLL).toBe(true);
  };

  async function listen({ grapevine }: Node, topic: string): Promise<unknown[]> {
    const heard: unknown[] = [];
    await grapevine.subscribe(topic, ({ message }) => void heard.push(message));
    return heard;
  }

  const presentKeyOf = async ({ keys }: Node, topic: string): Promise<string> => (await keys.sealingTurn(topic)).keyId;

  async function listed(...nodes: readonly Node[]): Promise<string> {
    const path = join(folder, 'allowed-keys');
    await writeFile(`${path}.new`, JSON.stringify(nodes.map(({ peers }) => peers.self)));
    await rename(`${path}.new`, path);
    return path;
  }

  it('reach a reader that the publisher has no link to, by way of a node that cannot read', async () => {
    const b = await start('B', { host: '127.0.0.2' });
    const peers = [b.peers.url];
    const a = await start('A', { host: '127.0.0.1', peers, peerNetworks: ['127.0.0.2/32'] });
    const d = await start('D', { host: '127.0.0.3', peers, peerNetworks: ['127.0.0.2/32'] });
    await expect.poll(() => a.peers.directory.isLive(d.peers.self), POLL).toBe(true);
    const heard = await listen(d, 'orders');
    await expect.poll(() => a.peers.directory.interested('orders'), POLL).toEqual([d.peers.self]);
    const { ack } = await a.grapevine.publish('orders', 1, { ack: 'all', timeoutMs: 15_000 });
    expect(ack).toMatchObject({ confirmed: 2, of: 2 });
    await expect.poll(() => heard, POLL).toEqual([1]);
    expect([a.peers.linked(), d.peers.linked()]).toEqual([[b.peers.self], [b.peers.self]]);
    expect(b.grapevine.status().topics).toMatchObject([{ topic: 'orders', count: 1 }]);
  });

  it('are made anew at once when a node is taken off the list, also those it may have from others', async () => {
    const allowedKeysFile = await listed();
    const only = { clusterSecret: undefined as unknown as string, allowedKeysFile };
    const a = await start('A', only);
    const b = await start('B', { ...only, peers: [a.peers.url] });
    const c = await start('C', { ...only, peers: [a.peers.url] });
    await listed(a, b, c);
    await areLinked(a, b, c);
    const heard = await listen(b, 'orders');
    await listen(c, 'orders');
    await a.grapevine.publish('orders', 1, { ack: 'all', timeoutMs: 15_000 });
    const [before, unused] = [await presentKeyOf(a, 'orders'), await presentKeyOf(a, 'never published')];
    expect(await presentKeyOf(a, 'orders')).toBe(before);
    await listed(a, b);
    await expect.poll(() => a.peers.linked(), POLL).toEqual([b.peers.self]);
    expect(await presentKeyOf(a, 'orders')).not.toBe(before);
    expect(await presentKeyOf(a, 'never published')).not.toBe(unused);
    // It is not waited for any more, though nobody found it dead yet.
    const { ack } = await a.grapevine.publish('orders', 2, { ack: 'all', timeoutMs: 15_000 });
    expect(ack).toMatchObject({ confirmed: 2, of: 2 });
    await expect.poll(() => heard, POLL).toEqual([1, 2]);
  });

  it('are in the log again when a stream goes on that the log had forgotten', async () => {
    const a = await start('A');
    const { grapevine, log } = a;
    await grapevine.publish('orders', 1);
    for (const { stream } of log.extentsOf('orders')) await log.forget(stream.id);
    await grapevine.publish('orders', 2);
    const used = log.readTopic('orders', 0, 10).map(({ bundle }) => bundle.keyId);
    expect(used.map((keyId) => log.key(keyId))).toEqual([expect.any(Buffer)]);
    expect(used).toEqual([await presentKeyOf(a, 'orders')]);
  });

  it('come again when the grant that brought the first was lost', async () => {
    const a = await start('A');
    const b = await start('B', { peers: [a.peers.url] });
    await areLinked(a, b);
    const heard = await listen(b, 'orders');
    const { peers } = a;
    const send = peers.send.bind(peers);
    let lost = 0;
    peers.send = (...sent) => (sent[2]?.[0] === KEY_GRANT && lost++ === 0 ? true : send(...sent));
    await a.grapevine.publish('orders', 1);
    await expect.poll(() => heard, POLL).toEqual([1]);
    expect(lost).toBeGreaterThan(1);
  });

  it('that are missing hold up who reads the log, and are told when they are not there in time', async () => {
    const b = await start('B');
    const peers = [b.peers.url];
    const a = await start('A', { peers });
    const c = await start('C', { peers });
    await areLinked(a, b, c);
    await listen(b, 'orders');
    const send = a.peers.send.bind(a.peers);
    let isHeld = true;
    a.peers.send = (...sent) => (isHeld && sent[2]?.[0] === KEY_GRANT ? true : send(...sent));
    await a.grapevine.publish('orders', 'one', { ack: 2 });
    await c.grapevine.publish('orders', 'two', { ack: 2 });
    const read = async (): Promise<unknown[]> => {
      const { items, gaps } = await b.subscriptions.page('orders', { limit: 10 });
      const lost = gaps.map(({ stream, from, to, reason }) => [stream.publisher, from, to, reason]);
      return [items.map(({ payload }) => JSON.parse(payload.toString()) as unknown), lost];
    };
    expect(await read()).toEqual([['two'], [[a.peers.self, 1, 1, 'key']]]);
    const heard: unknown[] = [];
    const onGap = (): void => void heard.push('gap');
    await b.grapevine.subscribe('orders', ({ message }) => void heard.push(message), { after: 'retained', onGap });
    await expect.poll(() => heard, POLL).toEqual(['two']);
    isHeld = false;
    await expect.poll(() => heard, POLL).toEqual(['two', 'one']);
    expect(await read()).toEqual([['one', 'two'], []]);
  });

  it('that were given up are waited for again when somebody asks for them, or a peer is linked that may have them', async () => {
    const a = await start('A');
    const { deadlines, delivery } = a;
    const set = deadlines.set.bind(deadlines);
    deadlines.set = (_, passed) => set(1, passed);
    const publisher = Buffer.alloc(32, 1).toString('base64url');
    const [one, two] = ['one', 'two'].map((topic) =>
      bundleAt(streamOf(topic, publisher, 1), 1, 1, keyIdOf(randomBytes(32))),
    ) as [Bundle, Bundle];
    await a.grapevine.subscribe('*', () => undefined);
    await expect.poll(() => [one, two].map((bundle) => delivery.open(bundle)), POLL).toEqual(['lost', 'lost']);
    deadlines.set = set;
    delivery.backfilled(one);
    expect([one, two].map((bundle) => delivery.open(bundle))).toEqual(['awaited', 'lost']);
    const b = await start('B', { peers: [a.peers.url] });
    await areLinked(a, b);
    expect(delivery.open(two)).toBe('awaited');
  });

  it('are asked for in their turn when more are missing than are asked for at a time', async () => {
    const { grapevine, keys, log, delivery } = await start('A');
    await grapevine.subscribe('jobs.>', () => undefined);
    const publisher = Buffer.alloc(32, 1).toString('base64url');
    const missing = Array.from({ length: KEYS_ASKED_AT_A_TIME + 2 }, (_, number) => {
      const topic = `jobs.${number}`;
      const key = randomBytes(32);
      const bundle = bundleAt(streamOf(topic, publisher, 1), 1, 1, keyIdOf(key));
      delivery.released(bundle, 1, log.append(bundle).arrival);
      return { keyId: bundle.keyId, topic, key };
    });
    const areAsked = (): boolean[] => missing.slice(-2).map(({ keyId }) => delivery.isKeyWanted(keyId));
    expect(areAsked()).toEqual([false, false]);
    for (const { keyId, topic, key } of missing.slice(0, 2)) {
      keys.learn(keyId, { topic, key });
      delivery.keysArrived([keyId]);
    }
    expect(areAsked()).toEqual([true, true]);
  });

  it('hold up what follows a grant only when there is a new envelope to open, or a new record to verify', async () => {
    const a = await start('A');
    const b = await start('B', { peers: [a.peers.url] });
    await areLinked(a, b);
    const heard = await listen(b, 'orders');
    const { peers } = a;
    const send = peers.send.bind(peers);
    const grants: Buffer[] = [];
    peers.send = (...sent) => {
      if (sent[2]?.[0] === KEY_GRANT) grants.push(Buffer.from(sent[2]));
      return send(...sent);
    };
    await a.grapevine.publish('orders', 1);
    await expect.poll(() => heard, POLL).toEqual([1]);
    const [grant] = grants.map((bytes) => decodeGossipFrame(bytes, b.peers.versionOf(a.peers.self)));
    if (grant?.ok !== true || grant.value.type !== 'keyGrant') throw new Error('no grant was sent');
    const known = grant.value;
    const isHeldUpBy = (frame: GossipFrame): boolean => {
      const { refused } = b.inbox.counters;
      const before = refused.frame;
      b.inbox.frame(a.peers.self, encodeGossipFrame(frame));
      b.inbox.frame(a.peers.self, Buffer.from('no frame'));
      return refused.frame === before;
    };
    expect(known.envelope).toBeDefined();
    const jws = b.peers.recordJwsOf(a.peers.self)!;
    expect(isHeldUpBy(known)).toBe(false);
    expect(isHeldUpBy({ ...known, envelope: undefined })).toBe(false);
    expect(isHeldUpBy({ type: 'record', jws })).toBe(false);
    expect(isHeldUpBy({ type: 'record', jws: `${jws}x` })).toBe(true);
    await expect.poll(() => b.inbox.counters.refused.frame, POLL).toBe(4);
    expect(isHeldUpBy({ ...known, envelope: 'another' })).toBe(true);
  });

  it('of retained history are granted by any holder, once a late reader may read', async () => {
    const policy = join(folder, 'policy');
    const decree = async (topics: object): Promise<void> => {
      await writeFile(`${policy}.new`, JSON.stringify({ topics }));
      await rename(`${policy}.new`, policy);
    };
    await decree({});
    const a = await start('A');
    const b = await start('B', { peers: [a.peers.url], topicPolicyFile: policy });
    await areLinked(a, b);
    const atB = await listen(b, 'orders');
    await a.grapevine.publish('orders', 'old', { ack: 'all', timeoutMs: 15_000 });
    await expect.poll(() => atB, POLL).toEqual(['old']);
    await apps.shift()!.close();
    await decree({ orders: { read: [b.peers.self] } });
    const c = await start('C', { peers: [b.peers.url] });
    await areLinked(b, c);
    const atC: unknown[] = [];
    const hear = { after: 'retained', timeoutMs: 200 } as const;
    await c.grapevine.subscribe('orders', ({ message }) => void atC.push(message), hear);
    expect([atC, c.grapevine.status().topics]).toEqual([[], []]);
    await decree({ orders: { read: [b.peers.self, c.peers.self] } });
    await expect.poll(() => atC, POLL).toEqual(['old']);
  });
});
