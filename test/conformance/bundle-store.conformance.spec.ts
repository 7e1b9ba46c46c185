import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { BundleStore, HeldExtent } from '../../src/gossip/store/bundle-store.js';
import { MemoryBundleStore } from '../../src/gossip/store/memory-bundle-store.js';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import { lmdbStore } from './lmdb-store.js';
import { NaiveBundleStore } from './naive-bundle-store.js';
import { bundleOf, extentOf, fill, newFolder, PUBLISHER, removeFolders } from './stored-samples.js';

const OTHER = 'B'.repeat(42) + 'A';
const ALL = Number.MAX_SAFE_INTEGER;

interface Harness {
  store: BundleStore;
  /** Opens the same store anew, as the next start does; the memory store has no next start. */
  reopen?: () => Promise<BundleStore>;
}

async function lmdbHarness(durability: 'async' | 'fsync'): Promise<Harness> {
  const folder = await newFolder();
  const store = lmdbStore(folder, durability);
  await store.open();
  return {
    store,
    reopen: async () => {
      const next = lmdbStore(folder, durability);
      await next.open();
      return next;
    },
  };
}

async function memoryHarness(): Promise<Harness> {
  const store = new MemoryBundleStore('AAAAAAAA');
  await store.open();
  return { store };
}

afterEach(removeFolders);

describe.each([
  ['memory', memoryHarness],
  ['LMDB, async', () => lmdbHarness('async')],
  ['LMDB, fsync', () => lmdbHarness('fsync')],
] as const)('bundle store: %s', (_name, make) => {
  const stream = streamOf('news.eu', PUBLISHER, 1_700_000_000_000);
  const neighbour = streamOf('news.eu', OTHER, 1_700_000_000_001);

  it('starts empty, with an id', async () => {
    const { store } = await make();
    expect(store.extents()).toEqual([]);
    expect(store.lastArrival()).toBe(0);
    expect(Buffer.from(store.id, 'base64url')).toHaveLength(6);
    await store.close();
  });

  it('can be tried without anything to show for it', async () => {
    const { store } = await make();
    await store.probe();
    expect([store.failure, store.extents(), store.lastArrival()]).toEqual([undefined, [], 0]);
    await store.close();
  });

  it('reads a write before it is committed, and once only while it is being committed', async () => {
    const { store } = await make();
    const written = store.append(bundleOf(stream, 1, 1), extentOf(stream, 0, 1));
    expect(store.read(stream.id, 1, ALL)).toEqual([bundleOf(stream, 1, 1)]);
    const state = { isCommitted: false };
    const committed = written.then(() => (state.isCommitted = true));
    do {
      expect(store.readTopic('news.eu', 0, 10, ALL)).toHaveLength(1);
      await new Promise((resolve) => setImmediate(resolve));
    } while (!state.isCommitted);
    await committed;
    expect(store.read(stream.id, 1, ALL)).toEqual([bundleOf(stream, 1, 1)]);
    expect(store.pendingBytes).toBe(0);
    await store.close();
  });

  it('reads a stream from the bundle that contains the seq', async () => {
    const { store } = await make();
    await store.append(bundleOf(stream, 1, 1, 5), extentOf(stream, 0, 5));
    await store.append(bundleOf(stream, 2, 6, 9), extentOf(stream, 0, 9));
    expect(store.read(stream.id, 5, ALL).map((bundle) => bundle.firstSeq)).toEqual([1, 6]);
    expect(store.read(stream.id, 6, ALL).map((bundle) => bundle.firstSeq)).toEqual([6]);
    expect(store.read(stream.id, 10, ALL)).toEqual([]);
    expect(store.streamEntries(stream.id, 2, 1)).toMatchObject([{ firstSeq: 1, lastSeq: 5, byteLength: 20 }]);
    await store.close();
  });

  it('reads at least one bundle, and no more than fit', async () => {
    const { store } = await make();
    await fill(store, stream, 5);
    expect(store.read(stream.id, 1, 1)).toHaveLength(1);
    expect(store.read(stream.id, 1, 59)).toHaveLength(2);
    expect(store.read(stream.id, 1, 60)).toHaveLength(3);
    expect(store.readTopic('news.eu', 0, 10, 45)).toHaveLength(2);
    await store.close();
  });

  it('reads a topic in order of arrival over its streams', async () => {
    const { store } = await make();
    await store.append(bundleOf(stream, 1, 1), extentOf(stream, 0, 1));
    await store.append(bundleOf(neighbour, 2, 1), extentOf(neighbour, 0, 1));
    await store.append(bundleOf(stream, 3, 2), extentOf(stream, 0, 2));
    expect(store.readTopic('news.eu', 0, 10, ALL).map((bundle) => bundle.arrival)).toEqual([1, 2, 3]);
    expect(store.entries('news.eu', 1, 1).map((entry) => entry.stream)).toEqual([neighbour]);
    expect(store.entries('news', 0, 10)).toEqual([]);
    await store.close();
  });

  it('puts older bundles that come later in front of their stream and behind in their topic', async () => {
    const { store } = await make();
    await store.append(bundleOf(stream, 1, 7), extentOf(stream, 6, 7));
    void store.append(bundleOf(stream, 2, 5), extentOf(stream, 6, 7));
    expect(store.read(stream.id, 1, ALL).map((bundle) => bundle.lastSeq)).toEqual([5, 7]);
    await store.append(bundleOf(stream, 3, 6), extentOf(stream, 4, 7));
    expect(store.read(stream.id, 1, ALL).map((bundle) => bundle.lastSeq)).toEqual([5, 6, 7]);
    expect(store.entries('news.eu', 0, 10).map((entry) => entry.lastSeq)).toEqual([7, 5, 6]);
    await store.close();
  });

  it('drops through the floor, at once for readers, neighbours untouched', async () => {
    const { store } = await make();
    await fill(store, stream, 700);
    await store.append(bundleOf(neighbour, 701, 1), extentOf(neighbour, 0, 1));
    const dropped = store.dropThroughFloor(extentOf(stream, 600, 700));
    expect(store.read(stream.id, 1, 1)[0]?.firstSeq).toBe(601);
    await dropped;
    expect(store.entries('news.eu', 0, 1_000)).toHaveLength(101);
    expect(store.extents()).toContainEqual(extentOf(stream, 600, 700));
    await store.close();
  });

  it('can take up again a stream that was just deleted', async () => {
    const { store } = await make();
    await fill(store, stream, 400);
    const deleted = store.deleteStream(stream.id);
    expect(store.read(stream.id, 1, ALL)).toEqual([]);
    const again = store.append(bundleOf(stream, 401, 300), extentOf(stream, 299, 300));
    expect(store.read(stream.id, 1, ALL).map((bundle) => bundle.arrival)).toEqual([401]);
    await Promise.all([deleted, again]);
    expect(store.readTopic('news.eu', 0, 10, ALL).map((bundle) => bundle.arrival)).toEqual([401]);
    expect(store.extents()).toEqual([extentOf(stream, 299, 300)]);
    await store.close();
  });

  it('keeps records of publishers and wrapped keys until they are deleted', async () => {
    const harness = await make();
    const key = { keyId: 'AAAAAAAAAAAAAAAAAAAAAA', stream: stream.id, firstSeq: 3, wrapped: Buffer.from('wrapped') };
    await harness.store.savePublisher(PUBLISHER, 'first');
    await harness.store.savePublisher(PUBLISHER, 'second');
    await harness.store.savePublisher(OTHER, 'other');
    await harness.store.deletePublisher(OTHER);
    await harness.store.saveKey(key);
    await harness.store.saveKey({ ...key, keyId: 'BBBBBBBBBBBBBBBBBBBBBA' });
    await harness.store.deleteKey('BBBBBBBBBBBBBBBBBBBBBA');
    const unused = { ...key, keyId: 'CCCCCCCCCCCCCCCCCCCCCA', stream: undefined, firstSeq: 0 };
    await harness.store.saveKey(unused);
    const store = await restarted(harness);
    expect([...store.publishers()]).toEqual([[PUBLISHER, 'second']]);
    expect([...store.keys().values()]).toEqual([key, unused]);
    await store.close();
  });

  it('behaves like a naive list, through restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commandArbitrary(), { maxLength: 60 }), async (commands) => {
        const harness = await make();
        const naive = new NaiveBundleStore();
        const pending: Promise<void>[] = [];
        for (const command of commands) {
          if (command.do === 'settle' || command.do === 'restart') await Promise.all(pending.splice(0));
          if (command.do === 'restart') {
            harness.store = await restarted(harness);
            expect(harness.store.lastArrival()).toBeGreaterThanOrEqual(naive.lastArrival);
            naive.lastArrival = harness.store.lastArrival();
          }
          const write = apply(command, harness.store, naive);
          if (write !== undefined) pending.push(write);
          compare(harness.store, naive, command);
        }
        await Promise.all(pending);
        await harness.store.close();
      }),
      { numRuns: 25 },
    );
  });
});

const STREAMS = ['a', 'a', 'b'].map((topic, at) => streamOf(topic, at === 1 ? OTHER : PUBLISHER, 7));

interface Command {
  do: 'append' | 'drop' | 'delete' | 'settle' | 'restart';
  which: number;
  count: number;
}

function commandArbitrary(): fc.Arbitrary<Command> {
  return fc.record({
    do: fc.constantFrom('append', 'append', 'append', 'append', 'drop', 'drop', 'delete', 'settle', 'restart'),
    which: fc.integer({ min: 0, max: STREAMS.length - 1 }),
    count: fc.integer({ min: 1, max: 6 }),
  });
}

function apply(command: Command, store: BundleStore, naive: NaiveBundleStore): Promise<void> | undefined {
  const stream = STREAMS[command.which]!;
  const extent = naive.extents.get(stream.id) ?? extentOf(stream, command.count, command.count);
  if (command.do === 'append') {
    const bundle = bundleOf(stream, naive.lastArrival + 1, extent.frontier + 1, extent.frontier + command.count);
    const next = extentOf(stream, extent.floor, bundle.lastSeq);
    naive.append(bundle, next);
    return store.append(bundle, next);
  }
  if (command.do === 'drop') {
    const next = extentOf(stream, Math.min(extent.frontier, extent.floor + command.count), extent.frontier);
    naive.dropThroughFloor(next);
    return store.dropThroughFloor(next);
  }
  if (command.do !== 'delete') return undefined;
  naive.deleteStream(stream.id);
  return store.deleteStream(stream.id);
}

function compare(store: BundleStore, naive: NaiveBundleStore, { count }: Command): void {
  expect(store.lastArrival()).toBe(naive.lastArrival);
  const byId = (extents: Iterable<HeldExtent>) => new Map([...extents].map((extent) => [extent.stream.id, extent]));
  expect(byId(store.extents())).toEqual(naive.extents);
  for (const stream of STREAMS) {
    const floor = naive.extents.get(stream.id)?.floor ?? 0;
    expect(store.read(stream.id, floor + count, 50)).toEqual(naive.read(stream.id, floor + count, 50));
    expect(store.streamEntries(stream.id, 0, 1_000)).toHaveLength(naive.read(stream.id, 0, ALL).length);
    expect(store.entries(stream.topic, count, 10 * count)).toEqual(naive.entries(stream.topic, count, 10 * count));
    expect(store.readTopic(stream.topic, 0, 5, ALL)).toHaveLength(naive.entries(stream.topic, 0, 5).length);
  }
}

async function restarted(harness: Harness): Promise<BundleStore> {
  if (harness.reopen === undefined) return harness.store;
  await harness.store.close();
  return harness.reopen();
}
