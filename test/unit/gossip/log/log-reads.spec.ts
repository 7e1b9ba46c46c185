import { describe, expect, it } from 'vitest';
import { streamOf } from '../../../../src/gossip/bundles/stream.js';
import type { BundleEntry, HeldExtent, StoredBundle } from '../../../../src/gossip/store/bundle-store.js';
import { MemoryBundleStore } from '../../../../src/gossip/store/memory-bundle-store.js';
import { GrapevineError } from '../../../../src/runtime/errors.js';
import { bundleAt, HandClock, openLog } from '../log-rig.js';

const ALL = Number.MAX_SAFE_INTEGER;
const stream = streamOf('news', 'A'.repeat(43), 1);
const other = streamOf('news', 'B'.repeat(43), 1);

/** A store whose commits, failures and unreadable places are in the hands of the test. */
class HandStore extends MemoryBundleStore {
  readonly waiting: { resolve(): void; reject(error: Error): void }[] = [];
  isHeld = false;
  isUnreadable = false;

  override append(bundle: StoredBundle, extent: HeldExtent): Promise<void> {
    if (!this.isHeld) return super.append(bundle, extent);
    const before = this.extents().find((held) => held.stream.id === extent.stream.id);
    void super.append(bundle, extent);
    return new Promise((resolve, reject) =>
      this.waiting.push({
        resolve,
        reject: (error) => {
          void super.dropThroughFloor({ ...extent, floor: extent.frontier });
          if (before !== undefined) void super.saveExtent(before);
          reject(error);
        },
      }),
    );
  }

  override read(...request: Parameters<MemoryBundleStore['read']>): readonly StoredBundle[] {
    this.#assertReadable();
    return super.read(...request);
  }

  override readTopic(...request: Parameters<MemoryBundleStore['readTopic']>): readonly StoredBundle[] {
    this.#assertReadable();
    return super.readTopic(...request);
  }

  override streamEntries(...request: Parameters<MemoryBundleStore['streamEntries']>): readonly BundleEntry[] {
    this.#assertReadable();
    return super.streamEntries(...request);
  }

  #assertReadable(): void {
    if (this.isUnreadable) throw new Error('page is corrupted');
  }
}

async function rig() {
  const store = new HandStore('AAAAAAAA');
  const clock = new HandClock();
  return { store, clock, log: await openLog(store, clock) };
}

describe('an own bundle on its way into the store', () => {
  it('is read by nobody before it is there for good', async () => {
    const { store, log } = await rig();
    await log.appendOwn(bundleAt(stream, 1)).committed;
    store.isHeld = true;
    const { committed } = log.appendOwn(bundleAt(stream, 2));
    expect(log.read(stream.id, 1, ALL).map(({ bundle }) => bundle.lastSeq)).toEqual([1]);
    expect([...log.extents()].map(({ frontier }) => frontier)).toEqual([1]);
    store.waiting[0]!.resolve();
    await committed;
    expect(log.read(stream.id, 1, ALL).map(({ bundle }) => bundle.lastSeq)).toEqual([1, 2]);
    expect([...log.extents()].map(({ frontier }) => frontier)).toEqual([2]);
  });

  it('is not passed over by who reads a topic in order of arrival', async () => {
    const { store, log } = await rig();
    store.isHeld = true;
    const { committed } = log.appendOwn(bundleAt(stream, 1));
    store.isHeld = false;
    await log.append(bundleAt(other, 1), 0).committed;
    expect(log.readTopic('news', 0, 10)).toEqual([]);
    store.waiting[0]!.resolve();
    await committed;
    expect(log.readTopic('news', 0, 10).map(({ arrival }) => arrival)).toEqual([1, 2]);
  });

  it('that fails leaves what was there, and its numbers free', async () => {
    const { store, log } = await rig();
    await log.appendOwn(bundleAt(stream, 1)).committed;
    store.isHeld = true;
    const { committed } = log.appendOwn(bundleAt(stream, 2));
    store.waiting[0]!.reject(new GrapevineError('store-full', 'full'));
    await expect(committed).rejects.toMatchObject({ code: 'store-full' });
    store.isHeld = false;
    await log.appendOwn(bundleAt(stream, 2, 4)).committed;
    expect(log.extent(stream.id)).toMatchObject({ floor: 0, frontier: 4 });
    expect(log.readTopic('news', 0, 10).map(({ bundle }) => bundle.lastSeq)).toContain(4);
  });
});

describe('history of other streams on its way', () => {
  it('is told to be lost when a write fails, so that it is fetched again', async () => {
    const { store, log } = await rig();
    const lost: [string, number][] = [];
    log.attach({ floorMoved: () => undefined, historyLost: (id, floor) => lost.push([id, floor]) });
    await log.setExtent(other, 6, 6);
    await log.prepend(bundleAt(other, 1, 3));
    store.isHeld = true;
    const { committed } = log.append(bundleAt(stream, 1));
    store.waiting[0]!.reject(new GrapevineError('store-full', 'full'));
    await expect(committed).rejects.toMatchObject({ code: 'store-full' });
    expect(lost).toEqual([[other.id, 6]]);
  });
});

describe('a store that cannot be read', () => {
  it('throws at nobody: what cannot be read counts as not held', async () => {
    const { store, clock, log } = await rig();
    await log.append(bundleAt(stream, 1), 0).committed;
    store.isUnreadable = true;
    expect(log.read(stream.id, 1, ALL)).toEqual([]);
    expect(log.readTopic('news', 0, 10)).toEqual([]);
    expect(log.seqBefore(stream.id, clock.nowMs)).toBe(0);
    await log.setExtent(other, 6, 6);
    await log.prepend(bundleAt(other, 1, 3));
    store.isUnreadable = false;
    expect(log.read(stream.id, 1, ALL)).toHaveLength(1);
  });
});
