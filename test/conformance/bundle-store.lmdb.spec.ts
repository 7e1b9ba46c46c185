import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { open as openLmdb } from 'lmdb';
import { afterEach, describe, expect, it } from 'vitest';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import type { LmdbBundleStore } from '../../src/gossip/store/lmdb-bundle-store.service.js';
import { StartError } from '../../src/runtime/start-error.js';
import { lmdbStore, type StoreLog } from './lmdb-store.js';
import { startWriter } from './store-writer.js';
import { bundleOf, extentOf, fill, newFolder, PUBLISHER, removeFolders } from './stored-samples.js';

const ALL = Number.MAX_SAFE_INTEGER;

function format(number: number, id: string): string {
  return JSON.stringify({ format: number, id, checksum: crc32(`${number} ${id}`) });
}

afterEach(removeFolders);

describe('LMDB bundle store on disk', () => {
  const stream = streamOf('chat', PUBLISHER, 5);

  async function open(folder: string): Promise<LmdbBundleStore> {
    const store = lmdbStore(folder);
    await store.open();
    return store;
  }

  async function filledFolder(): Promise<string> {
    const folder = await newFolder();
    const store = await open(folder);
    await fill(store, stream, 98);
    await store.append(bundleOf(stream, 99, 99), extentOf(stream, 0, 99));
    await store.append(bundleOf(stream, 100, 100), extentOf(stream, 0, 100));
    await store.close();
    return folder;
  }

  it('is the same store after a restart', async () => {
    const folder = await filledFolder();
    const first = await open(folder);
    const { id } = first;
    await first.close();
    const second = await open(folder);
    expect(second.id).toBe(id);
    expect(second.lastArrival()).toBeGreaterThan(100);
    expect(second.read(stream.id, 1, ALL)).toHaveLength(100);
    await second.close();
  });

  it('gives out no arrival again, though what had it was not committed when the process ended', async () => {
    const folder = await newFolder();
    for (let life = 1, seen = 0; life <= 4; life++) {
      const store = await open(folder);
      expect(store.lastArrival()).toBeGreaterThanOrEqual(seen);
      // Each second life ends without anything in the store of what it gave out.
      if (life % 2 === 0)
        await store.append(bundleOf(stream, store.lastArrival() + 1, life), extentOf(stream, 0, life));
      seen = store.lastArrival() + 1_000;
      await store.close();
    }
  });

  it('removes at start what lies below the floor', async () => {
    const folder = await newFolder();
    const store = await open(folder);
    await store.append(bundleOf(stream, 1, 9), extentOf(stream, 8, 9));
    await store.append(bundleOf(stream, 2, 3), extentOf(stream, 8, 9));
    await store.close();
    const again = await open(folder);
    expect(again.read(stream.id, 1, ALL).map((bundle) => bundle.lastSeq)).toEqual([9]);
    expect(again.entries('chat', 0, 10)).toHaveLength(1);
    await again.close();
  });

  it.each<[string, (folder: string) => Promise<void>, string]>([
    ['a missing database', (folder) => rm(join(folder, 'data.mdb')), 'data.mdb is missing'],
    ['an emptied database', (folder) => truncate(join(folder, 'data.mdb')), 'data.mdb is empty'],
    ['a shortened database', (folder) => truncate(join(folder, 'data.mdb'), 16_384), 'its end is missing'],
    ['a file of something else', (folder) => writeFile(join(folder, 'data.mdb'), 'x'.repeat(99_999)), 'not a database'],
    ['a short file', (folder) => writeFile(join(folder, 'data.mdb'), 'hello'), 'not a database'],
  ])('moves %s out of the way and starts with an empty store', async (_what, damage, reason) => {
    const folder = await filledFolder();
    await damage(folder);
    const log: StoreLog = [];
    const store = lmdbStore(folder, 'async', log);
    await store.open();
    expect(store.extents()).toEqual([]);
    expect(store.counters.storesSetAside).toBe(1);
    expect(log).toMatchObject([{ event: 'store.set-aside', fields: { reason: expect.stringContaining(reason) } }]);
    await fill(store, stream, 3);
    await store.close();
    const names = await readdir(dirname(folder));
    expect(names.filter((name) => name.startsWith(`${basename(folder)}.damaged-`))).toHaveLength(1);
    const again = await open(folder);
    expect(again.read(stream.id, 1, ALL)).toHaveLength(3);
    await again.close();
  });

  it('keeps one store of those that were moved out of the way', async () => {
    const folder = await filledFolder();
    for (const time of ['first', 'second']) {
      await writeFile(join(folder, 'data.mdb'), time);
      await (await open(folder)).close();
    }
    const names = (await readdir(dirname(folder))).filter((name) => name.startsWith(`${basename(folder)}.damaged-`));
    expect(names).toHaveLength(1);
    expect(await readFile(join(dirname(folder), names[0]!, 'data.mdb'), 'utf8')).toBe('second');
  });

  it.each<[string, (folder: string) => Promise<void>, RegExp]>([
    ['a later format', (folder) => writeFile(join(folder, 'format.json'), format(3, 'AAAAAAAA')), /has format 3/],
    ['parts of two stores', (folder) => writeFile(join(folder, 'format.json'), format(2, 'AAAAAAAA')), /parts of two/],
  ])('refuses %s with one readable line', async (_what, damage, message) => {
    const folder = await filledFolder();
    await damage(folder);
    const store = lmdbStore(folder);
    const error = await store.open().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('brings a store of format 1, whose rows had no checksums, to the format of today', async () => {
    const folder = await filledFolder();
    const { id } = JSON.parse(await readFile(join(folder, 'format.json'), 'utf8')) as { id: string };
    const database = openLmdb<Buffer, Buffer>({ path: folder, maxDbs: 1, keyEncoding: 'binary', encoding: 'binary' });
    const sealed = [...database.getRange()];
    await database.batch(() => {
      for (const { key, value } of sealed) void database.put(key, value.subarray(0, -4));
    });
    await database.close();
    await writeFile(join(folder, 'format.json'), JSON.stringify({ format: 1, id }));
    for (let start = 1; start <= 2; start++) {
      const store = await open(folder);
      expect(store.id).toBe(id);
      expect(store.read(stream.id, 1, ALL)).toHaveLength(100);
      expect(store.counters).toEqual({ recordsDamaged: 0, storesSetAside: 0 });
      await store.close();
    }
    expect(JSON.parse(await readFile(join(folder, 'format.json'), 'utf8'))).toMatchObject({ format: 2, id });
  });

  it('asks the database when format.json is damaged', async () => {
    const folder = await filledFolder();
    const before = await readFile(join(folder, 'format.json'), 'utf8');
    await writeFile(join(folder, 'format.json'), before.replace('"format":2', '"format":3'));
    const store = await open(folder);
    expect(store.read(stream.id, 1, ALL)).toHaveLength(100);
    expect(await readFile(join(folder, 'format.json'), 'utf8')).toBe(before);
    await store.close();
  });

  it('finishes a first start that was cut short', async () => {
    const folder = await filledFolder();
    const before = JSON.parse(await readFile(join(folder, 'format.json'), 'utf8')) as { id: string };
    await rm(join(folder, 'format.json'));
    const store = await open(folder);
    expect(store.id).toBe(before.id);
    expect(store.read(stream.id, 1, ALL)).toHaveLength(100);
    await store.close();
  });

  it('has after kill -9 all that was said to be committed', async () => {
    const folder = await newFolder();
    const committed = await startWriter({ folder, committedAtLeast: 300 });
    const store = await open(folder);
    const [extent] = store.extents();
    expect(committed).toBeGreaterThanOrEqual(300);
    expect(extent?.frontier).toBeGreaterThanOrEqual(committed);
    const bundles = store.read(extent!.stream.id, 1, ALL);
    expect(bundles.map((bundle) => bundle.firstSeq)).toEqual(bundles.map((_, at) => at + 1));
    expect(bundles).toHaveLength(extent!.frontier);
    expect(bundles.every((bundle) => bundle.bytes.every((byte) => byte === bundle.firstSeq % 251))).toBe(true);
    expect(store.entries('chat', 0, ALL)).toHaveLength(bundles.length);
    await store.close();
  });
});
