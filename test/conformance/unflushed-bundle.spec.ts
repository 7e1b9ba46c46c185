import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { BUNDLE_STORE } from '../../src/gossip/store/bundle-store.js';
import { MemoryBundleStore } from '../../src/gossip/store/memory-bundle-store.js';
import { GrapevineModule } from '../../src/grapevine.module.js';
import { Grapevine } from '../../src/grapevine.service.js';
import { PeersService } from '../../src/peers/peers.service.js';
import { GrapevineError } from '../../src/runtime/errors.js';
import { SubscriptionsModule } from '../../src/subscriptions/subscriptions.module.js';

const POLL = { timeout: 15_000, interval: 20 };

/** As LMDB with `fsync` when a transaction is committed but not flushed: the bundle is there, and the write has failed. */
class UnflushedStore extends MemoryBundleStore {
  isFailing = false;

  override async append(...args: Parameters<MemoryBundleStore['append']>): Promise<void> {
    await super.append(...args);
    if (this.isFailing) throw new GrapevineError('store-failing', 'not flushed');
  }
}

describe('a bundle that is committed but could not be flushed', { timeout: 60_000 }, () => {
  const apps: INestApplicationContext[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function start(name: string, store: MemoryBundleStore, peers: string[] = []) {
    const fixed = { name, port: 0, profile: 'local', logLevel: 'silent', store: 'memory', api: false, peers } as const;
    const settings = Object.assign(new Settings(), fixed, { clusterSecret: 'the secret of the cluster under test' });
    const module = { module: GrapevineModule, imports: [ConfigModule.forRoot(settings), SubscriptionsModule] };
    const builder = Test.createTestingModule({ imports: [module] });
    const app = await builder.overrideProvider(BUNDLE_STORE).useValue(store).compile();
    apps.push(app);
    await app.init();
    return { grapevine: app.get(Grapevine, { strict: false }), peers: app.get(PeersService, { strict: false }) };
  }

  it('is refused to its caller, and goes to all the same, so that what follows is held up nowhere', async () => {
    const store = new UnflushedStore('AAAAAAAA');
    const publisher = await start('publisher', store);
    const reader = await start('reader', new MemoryBundleStore('BBBBBBBB'), [publisher.peers.url]);
    await expect.poll(() => publisher.peers.linked().length, POLL).toBe(1);
    const heard = await Promise.all(
      [publisher, reader].map(async ({ grapevine }) => {
        const messages: unknown[] = [];
        await grapevine.subscribe('chat', ({ message }) => void messages.push(message));
        return messages;
      }),
    );
    await publisher.grapevine.publish('chat', 'first', { ack: 'all', timeoutMs: 15_000 });
    store.isFailing = true;
    await expect(publisher.grapevine.publish('chat', 'unflushed')).rejects.toMatchObject({ code: 'store-failing' });
    store.isFailing = false;
    const { ack } = await publisher.grapevine.publish('chat', 'last', { ack: 'all', timeoutMs: 15_000 });
    expect(ack).toMatchObject({ confirmed: 2, of: 2 });
    for (const messages of heard) await expect.poll(() => messages, POLL).toEqual(['first', 'unflushed', 'last']);
  });
});
