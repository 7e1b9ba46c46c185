import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { AcceptedSecrets } from '../../src/crypto/accepted-secrets.js';
import { GossipService } from '../../src/gossip/gossip.service.js';
import { GrapevineModule } from '../../src/grapevine.module.js';
import { Grapevine } from '../../src/grapevine.service.js';
import { PeersService } from '../../src/peers/peers.service.js';
import { SubscriptionsModule } from '../../src/subscriptions/subscriptions.module.js';

const OLD = 'the secret of the cluster as it was';
const NEW = 'the secret of the cluster as it will be';
const POLL = { timeout: 15_000, interval: 20 };

interface Node {
  readonly name: string;
  readonly grapevine: Grapevine;
  readonly peers: PeersService;
  readonly gossip: GossipService;
  readonly secrets: AcceptedSecrets;
}

describe('the secret of a cluster', { timeout: 60_000 }, () => {
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

  async function secretsOf(name: string, ...secrets: readonly string[]): Promise<string> {
    const path = join(folder, name);
    await writeFile(`${path}.new`, `${secrets.join('\n')}\n`);
    await rename(`${path}.new`, path);
    return path;
  }

  async function start(name: string, secret: string, peers: readonly Node[]): Promise<Node> {
    const fixed = { name, port: 0, profile: 'local', logLevel: 'silent', store: 'memory', api: false } as const;
    const clusterSecretFile = await secretsOf(name, secret);
    const urls = peers.map((peer) => peer.peers.url);
    const settings = Object.assign(new Settings(), { ...fixed, clusterSecretFile, peers: urls });
    const module = { module: GrapevineModule, imports: [ConfigModule.forRoot(settings), SubscriptionsModule] };
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    apps.push(app);
    await app.init();
    const get = <T>(type: new (...args: never[]) => T): T => app.get(type, { strict: false });
    const [grapevine, gossip] = [get(Grapevine), get(GossipService)];
    return { name, grapevine, peers: get(PeersService), gossip, secrets: get(AcceptedSecrets) };
  }

  /** Gives a node other secrets and waits until it goes by them. */
  async function give({ name, secrets }: Node, ...given: readonly string[]): Promise<void> {
    let isChanged = false;
    secrets.attach(() => (isChanged = true));
    await secretsOf(name, ...given);
    await expect.poll(() => isChanged, POLL).toBe(true);
  }

  const areLinked = async (...nodes: readonly Node[]): Promise<void> => {
    await expect.poll(() => nodes.every(({ peers }) => peers.linked().length === nodes.length - 1), POLL).toBe(true);
  };

  it('is replaced under load, node by node and without a restart: nothing is refused, no link breaks', async () => {
    const a = await start('A', OLD, []);
    const b = await start('B', OLD, [a]);
    const c = await start('C', OLD, [a, b]);
    const nodes = [a, b, c];
    await areLinked(...nodes);
    const heard = await Promise.all(
      nodes.map(async ({ grapevine }) => {
        const messages = new Set<unknown>();
        await grapevine.subscribe('chat', ({ message }) => void messages.add(message));
        return messages;
      }),
    );
    const running = { isLoaded: true };
    const published: string[] = [];
    const load = nodes.map(async ({ grapevine, name }) => {
      for (let number = 1; running.isLoaded; number++) {
        published.push(`${name} ${number}`);
        await grapevine.publish('chat', `${name} ${number}`, { ack: 'all', timeoutMs: 15_000 });
      }
    });
    for (const node of nodes) await give(node, NEW, OLD);
    // Nodes forget the old one once all others have proven that they know the new one.
    for (const node of nodes) {
      const proofs = () => nodes.map((other) => node.peers.recordOf(other.peers.self)?.admission?.split('.').length);
      await expect.poll(proofs, POLL).toEqual([2, 2, 2]);
    }
    for (const node of nodes) await give(node, NEW);
    running.isLoaded = false;
    await Promise.all(load);
    for (const messages of heard) await expect.poll(() => messages.size, POLL).toBe(published.length);
    for (const { peers, gossip } of nodes) {
      expect(Object.values(gossip.counters.received.refused).every((count) => count === 0)).toBe(true);
      expect([...peers.counters.refused.entries()]).toEqual([]);
      expect(peers.counters.linksDown).toBe(0);
    }
    // Who knows the old one alone is shut out now, who knows the new one is let in.
    const late = await start('late', OLD, [a]);
    await expect.poll(() => a.peers.counters.closed.of('wrong-secret'), POLL).toBeGreaterThan(0);
    expect(late.peers.linked()).toEqual([]);
    await give(late, NEW);
    await areLinked(...nodes, late);
  });

  it('that is dropped too early shuts out who has no other, until it is given the new one', async () => {
    const a = await start('A', OLD, []);
    const b = await start('B', OLD, [a]);
    await areLinked(a, b);
    await give(a, NEW);
    await expect.poll(() => [...a.peers.linked(), ...b.peers.linked()], POLL).toEqual([]);
    await give(b, NEW);
    await areLinked(a, b);
  });

  it('stays as it was while the file is wrong', async () => {
    const a = await start('A', OLD, []);
    await secretsOf('A', 'too short');
    const b = await start('B', OLD, [a]);
    await areLinked(a, b);
    await give(a, NEW, OLD);
    expect(a.secrets.accepted).toHaveLength(2);
  });
});
