import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { HeldExtent } from '../../src/gossip/store/bundle-store.js';
import { WRITE_PAUSE_MS } from '../../src/gossip/store/disk-room.js';
import type { LmdbBundleStore } from '../../src/gossip/store/lmdb-bundle-store.service.js';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import { LoopDisk, noLoopDisks } from '../e2e/loop-disk.js';
import { lmdbStore } from './lmdb-store.js';
import { startWriter } from './store-writer.js';

const PUBLISHER = 'A'.repeat(43);
const ALL = Number.MAX_SAFE_INTEGER;
const LIMIT_MS = 240_000;
const BATCH_WRITES = 256;
const stream = streamOf('chat', PUBLISHER, 5);

const disks: LoopDisk[] = [];
const clock = { nowMs: 0 };

function newDisk(disk: LoopDisk): LoopDisk {
  disks.push(disk);
  return disk;
}

afterEach(() => {
  for (const disk of disks.splice(0)) disk.close();
});

function extentOf(floor: number, frontier: number): HeldExtent {
  return { stream, floor, frontier, changedAtMs: 5, bytes: 0 };
}

/** Appends the next bundle as a log would, at a time when the store tries to; the code of the error when it fails. */
async function appendTo(store: LmdbBundleStore): Promise<string> {
  clock.nowMs += WRITE_PAUSE_MS;
  const { floor, frontier } = store.extents()[0] ?? extentOf(0, 0);
  const seq = frontier + 1;
  const place = { stream, firstSeq: seq, lastSeq: seq, arrival: store.lastArrival() + 1, receivedAtMs: 5 };
  const written = store.append({ ...place, bytes: Buffer.alloc(20_000, seq) }, extentOf(floor, seq));
  return written.then(
    () => 'written',
    (error: { code: string }) => error.code,
  );
}

async function appendUntilRefused(store: LmdbBundleStore): Promise<string> {
  for (;;) {
    const outcome = await appendTo(store);
    if (outcome !== 'written') return outcome;
  }
}

function heldOf(store: LmdbBundleStore): number {
  const { floor, frontier } = store.extents()[0]!;
  const bundles = store.read(stream.id, floor + 1, ALL);
  expect(bundles.map((bundle) => bundle.firstSeq)).toEqual(bundles.map((_, at) => floor + 1 + at));
  expect(bundles.every(({ bytes, firstSeq }) => bytes.every((byte) => byte === firstSeq % 256))).toBe(true);
  expect(bundles).toHaveLength(frontier - floor);
  return bundles.length;
}

const skip = noLoopDisks();

describe.skipIf(skip !== undefined)('a store on a small disk', { timeout: LIMIT_MS }, () => {
  it('refuses bundles when the disk is full, is read all the while, and takes them again when there is room', async () => {
    const disk = newDisk(new LoopDisk(24));
    const folder = join(disk.path, 'store');
    disk.fill(10 * 1024 * 1024);
    let store = lmdbStore(folder, 'async', [], clock);
    await store.open();
    expect(await appendUntilRefused(store)).toBe('store-full');
    clock.nowMs += WRITE_PAUSE_MS;
    expect([store.failure, store.refusal]).toMatchObject([{ code: 'store-full' }, undefined]);
    await expect(store.probe()).rejects.toBe(store.failure);
    clock.nowMs -= WRITE_PAUSE_MS;
    const held = heldOf(store);
    expect(held).toBeGreaterThan(50);
    // Until the disk is tried again a refusal changes nothing, so that nothing has to be read again either.
    const [books] = store.extents();
    clock.nowMs -= WRITE_PAUSE_MS;
    expect(await appendTo(store)).toBe('store-full');
    expect(store.extents()[0]).toBe(books);
    await store.close();
    store = lmdbStore(folder, 'async', [], clock);
    await store.open();
    expect(await appendTo(store)).toBe('store-full');
    expect(heldOf(store)).toBe(held);
    expect(store.failure).toMatchObject({ code: 'store-full' });
    disk.empty();
    await store.probe();
    expect(store.failure).toBeUndefined();
    expect(await appendTo(store)).toBe('written');
    expect(heldOf(store)).toBe(held + 1);
    await store.close();
  });

  it('lives when others leave it no byte, before and after a restart', async () => {
    const disk = newDisk(new LoopDisk(24));
    const folder = join(disk.path, 'store');
    let store = lmdbStore(folder, 'async', [], clock);
    await store.open();
    for (let count = 0; count < 20; count++) expect(await appendTo(store)).toBe('written');
    disk.fill(0);
    expect(await appendTo(store)).toBe('store-full');
    expect(heldOf(store)).toBe(20);
    void store.close();
    store = lmdbStore(folder, 'async', [], clock);
    await store.open();
    expect(heldOf(store)).toBe(20);
    expect(await appendTo(store)).toBe('store-full');
    disk.empty();
    expect(await appendTo(store)).toBe('written');
    expect(heldOf(store)).toBe(21);
    await store.close();
  });

  it('takes bundles in the room that dropped ones gave back, with publishers pressing all the while', async () => {
    const disk = newDisk(new LoopDisk(24));
    const store = lmdbStore(join(disk.path, 'store'), 'async', [], clock);
    await store.open();
    expect(await appendUntilRefused(store)).toBe('store-full');
    const { frontier } = store.extents()[0]!;
    const pressing = Promise.all(Array.from({ length: 20 }, () => appendTo(store)));
    await store.dropThroughFloor(extentOf(frontier - 10, frontier));
    expect(new Set(await pressing)).toEqual(new Set(['store-full']));
    expect(heldOf(store)).toBe(10);
    const again = Math.floor(frontier / 2);
    for (let count = 0; count < again; count++) expect(await appendTo(store)).toBe('written');
    expect(heldOf(store)).toBe(again + 10);
    expect(await appendUntilRefused(store)).toBe('store-full');
    await store.dropThroughFloor(extentOf(frontier + again - 10, store.extents()[0]!.frontier));
    expect(await appendTo(store)).toBe('written');
    await store.close();
  });
});

describe.skipIf(skip !== undefined)('a store whose power is cut', { timeout: LIMIT_MS }, () => {
  it.each([
    ['fsync', 0],
    ['async', BATCH_WRITES],
  ] as const)('has with %s all that was committed but the last %i', async (durability, lostMax) => {
    let disk = newDisk(new LoopDisk(64));
    for (let round = 1; round <= 2; round++) {
      const folder = join(disk.path, 'store');
      const committed = await startWriter({ folder, durability, committedAtLeast: 150 * round });
      writeFileSync(join(disk.path, 'unflushed'), 'nobody asked to flush this');
      disk = newDisk(disk.cutPower());
      const unflushed = join(disk.path, 'unflushed');
      expect(existsSync(unflushed) ? readFileSync(unflushed, 'utf8') : '').toBe('');
      const store = lmdbStore(join(disk.path, 'store'), durability);
      await store.open();
      expect(store.counters).toEqual({ recordsDamaged: 0, storesSetAside: 0 });
      const [extent] = store.extents();
      expect(extent?.frontier ?? 0).toBeGreaterThanOrEqual(committed - lostMax);
      const bundles = store.read(extent!.stream.id, 1, ALL);
      expect(bundles.map(({ firstSeq }) => firstSeq)).toEqual(bundles.map((_, at) => at + 1));
      expect(bundles).toHaveLength(extent!.frontier);
      expect(bundles.every(({ bytes, firstSeq }) => bytes.every((byte) => byte === firstSeq % 251))).toBe(true);
      await store.close();
    }
  });
});
