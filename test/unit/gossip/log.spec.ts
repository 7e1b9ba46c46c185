import { describe, expect, it } from 'vitest';
import type { BundleLog } from '../../../src/gossip/log/bundle-log.service.js';
import { MemoryBundleStore } from '../../../src/gossip/store/memory-bundle-store.js';
import { streamOf, type Stream } from '../../../src/gossip/bundles/stream.js';
import { GrapevineError } from '../../../src/runtime/errors.js';
import { bundleAt, bytesOf, HandClock, KEY, openLog } from './log-rig.js';

const ALL = Number.MAX_SAFE_INTEGER;
const PUBLISHER = 'A'.repeat(43);
const stream = streamOf('news', PUBLISHER, 1);
const other = streamOf('news', PUBLISHER, 2);
const OTHER_KEY = Buffer.alloc(16, 2).toString('base64url');

function rig(bounds: Parameters<typeof openLog>[2] = {}) {
  const store = new MemoryBundleStore('AAAAAAAA');
  const clock = new HandClock();
  return { store, clock, open: () => openLog(store, clock, bounds) };
}

async function fill(log: BundleLog, of: Stream, count: number, firstSeq = 1): Promise<void> {
  for (let seq = firstSeq; seq < firstSeq + count; seq++) await log.append(bundleAt(of, seq)).committed;
}

function seqs(log: BundleLog, of: Stream = stream, fromSeq = 1): number[] {
  return log.read(of.id, fromSeq, ALL).map(({ bundle }) => bundle.lastSeq);
}

describe('bundle log', () => {
  it('gives out arrivals over all streams, also after a restart', async () => {
    const { open } = rig();
    const log = await open();
    expect(log.append(bundleAt(stream, 1)).arrival).toBe(1);
    expect(log.append(bundleAt(other, 1)).arrival).toBe(2);
    const again = await open();
    expect(again.append(bundleAt(stream, 2)).arrival).toBe(3);
    expect([...again.extents()].map(({ frontier }) => frontier).sort()).toEqual([1, 2]);
    expect(again.storeState.id).toBe(log.storeState.id);
  });

  it('reads what it was given, by stream and by topic', async () => {
    const log = await rig().open();
    await log.append(bundleAt(stream, 1, 3)).committed;
    await log.append(bundleAt(other, 1)).committed;
    await log.append(bundleAt(stream, 4)).committed;
    expect(log.read(stream.id, 3, ALL).map(({ bundle }) => bundle)).toEqual([
      bundleAt(stream, 1, 3),
      bundleAt(stream, 4),
    ]);
    expect(log.readTopic('news', 1, 10).map(({ arrival }) => arrival)).toEqual([2, 3]);
    expect(log.extent(stream.id)).toMatchObject({ floor: 0, frontier: 4 });
  });

  it('refuses a bundle that would leave a hole, or that is there already', async () => {
    const log = await rig().open();
    await fill(log, stream, 2);
    await expect(log.append(bundleAt(stream, 4)).committed).rejects.toBeInstanceOf(GrapevineError);
    await expect(log.append(bundleAt(stream, 1, 2)).committed).rejects.toBeInstanceOf(GrapevineError);
    expect(seqs(log)).toEqual([1, 2]);
  });

  it('begins a stream that it does not know at the floor that it is told', async () => {
    const log = await rig().open();
    await log.append(bundleAt(stream, 4, 8), 5).committed;
    expect(log.extent(stream.id)).toMatchObject({ floor: 5, frontier: 8 });
    await expect(log.append(bundleAt(other, 9), 5).committed).rejects.toBeInstanceOf(GrapevineError);
    expect(log.extent(other.id)).toBeUndefined();
  });

  it('tells what was received before a point in time', async () => {
    const { clock, open } = rig();
    const log = await open();
    await log.setExtent(stream, 10, 10);
    expect(log.seqBefore(stream.id, clock.nowMs - 50)).toBe(10);
    for (let seq = 11; seq <= 20; seq++) {
      clock.nowMs += 100;
      await log.append(bundleAt(stream, seq)).committed;
    }
    const lastMs = clock.nowMs;
    expect(log.seqBefore(stream.id, lastMs + 1)).toBe(20);
    expect(log.seqBefore(stream.id, lastMs)).toBe(19);
    expect(log.seqBefore(stream.id, lastMs - 450)).toBe(15);
    expect(log.seqBefore(stream.id, lastMs - 5_000)).toBe(10);
    expect(log.seqBefore(other.id, lastMs)).toBe(0);
  });

  it('starts a stream at a floor, and jumps over what cannot be had', async () => {
    const log = await rig().open();
    await log.setExtent(stream, 6, 6);
    await fill(log, stream, 3, 7);
    await log.setExtent(stream, 20, 20);
    expect(log.extent(stream.id)).toMatchObject({ floor: 20, frontier: 20 });
    expect(seqs(log)).toEqual([]);
    expect(bytesOf(log)).toBe(0);
    await fill(log, stream, 1, 21);
    expect(seqs(log)).toEqual([21]);
  });

  it('takes in older history when all of it is there', async () => {
    const log = await rig().open();
    await log.setExtent(stream, 6, 6);
    await fill(log, stream, 2, 7);
    for (const [first, last] of [
      [1, 3],
      [4, 5],
      [6, 6],
    ] as const)
      await log.prepend(bundleAt(stream, first, last));
    expect(seqs(log)).toEqual([7, 8]);
    await log.setExtent(stream, 1, 8);
    expect(seqs(log)).toEqual([3, 5, 6, 7, 8]);
    expect(log.extent(stream.id)).toMatchObject({ floor: 1, frontier: 8 });
    const bytes = log.read(stream.id, 1, ALL).reduce((sum, { bundle }) => sum + bundle.byteLength, 0);
    expect(log.topics()).toMatchObject([{ topic: 'news', count: 7, bytes }]);
  });

  it('does not store again the bundle in which the floor lies', async () => {
    const log = await rig().open();
    await log.setExtent(stream, 5, 5);
    await log.append(bundleAt(stream, 4, 8)).committed;
    await log.prepend(bundleAt(stream, 1, 3));
    await log.prepend(bundleAt(stream, 4, 8));
    await log.setExtent(stream, 0, 8);
    expect(seqs(log)).toEqual([3, 8]);
  });

  it('does not lower the floor over history that is not there', async () => {
    const log = await rig().open();
    const moved: [string, number][] = [];
    log.attach({ floorMoved: () => undefined, historyLost: (id, floor) => moved.push([id, floor]) });
    await log.setExtent(stream, 6, 6);
    await fill(log, stream, 1, 7);
    await log.prepend(bundleAt(stream, 1, 3));
    await log.prepend(bundleAt(stream, 5, 6));
    await log.setExtent(stream, 0, 7);
    expect(log.extent(stream.id)).toMatchObject({ floor: 6, frontier: 7 });
    expect(moved).toEqual([[stream.id, 6]]);
    expect(log.readTopic('news', 0, 10)).toHaveLength(1);
  });

  it('has equal digests where streams reach equally far, whatever was dropped', async () => {
    const log = await rig().open();
    const second = await rig({ retentionMessages: 1 }).open();
    await fill(log, stream, 3);
    await fill(log, other, 2);
    await fill(second, other, 2);
    await fill(second, stream, 2);
    expect(second.topics()[0]?.digest).not.toBe(log.topics()[0]?.digest);
    await fill(second, stream, 1, 3);
    await second.sweep();
    expect(second.topics()[0]).toMatchObject({ count: 1, digest: log.topics()[0]?.digest });
  });
});

describe('retention of the bundle log', () => {
  it('keeps the bounds of count and bytes, and tells of floors that moved', async () => {
    const log = await rig({ retentionMessages: 10 }).open();
    const moved: [string, number][] = [];
    log.attach({ floorMoved: (id, floor) => moved.push([id, floor]), historyLost: () => undefined });
    await fill(log, stream, 700);
    await log.sweep();
    expect(log.extent(stream.id)).toMatchObject({ floor: 690, frontier: 700 });
    expect(moved.at(-1)).toEqual([stream.id, 690]);
    expect(log.topics()).toMatchObject([{ count: 10, bytes: 10 * bundleAt(stream, 1).byteLength }]);
    expect(seqs(log)).toHaveLength(10);
  });

  it('keeps the bound of all topics at the cost of the largest', async () => {
    const bytes = bundleAt(stream, 1).byteLength;
    const log = await rig({ dataBytes: 50 * bytes }).open();
    const small = streamOf('chat', PUBLISHER, 1);
    await fill(log, small, 10);
    await fill(log, stream, 100);
    await log.sweep();
    expect(bytesOf(log)).toBeLessThanOrEqual(50 * bytes);
    expect(seqs(log, small)).toHaveLength(10);
  });

  it('drops what is too old, remembers the stream for as long again, then forgets it', async () => {
    const { clock, store, open } = rig({ retentionMs: 10_000 });
    const log = await open();
    await log.savePublisher(PUBLISHER, 'record');
    await log.saveKey(KEY, Buffer.from('wrapped'));
    await fill(log, stream, 3);
    clock.nowMs += 9_000;
    await log.sweep();
    expect(seqs(log)).toEqual([1, 2, 3]);
    clock.nowMs += 2_000;
    await log.sweep();
    expect(seqs(log)).toEqual([]);
    expect(log.extent(stream.id)).toMatchObject({ floor: 3, frontier: 3 });
    expect(log.publishers().get(PUBLISHER)).toBe('record');
    clock.nowMs += 10_000;
    await log.sweep();
    expect(log.extent(stream.id)).toBeUndefined();
    expect(store.extents()).toEqual([]);
    expect(log.publishers().size).toBe(0);
    expect(log.key(KEY)).toBeUndefined();
  });

  it('keeps a key as long as a bundle that it opens', async () => {
    const log = await rig({ retentionMessages: 2 }).open();
    await log.saveKey(KEY, Buffer.from('first'));
    for (const seq of [1, 2]) await log.append(bundleAt(stream, seq)).committed;
    await log.append(bundleAt(stream, 3, 3, OTHER_KEY)).committed;
    await log.saveKey(OTHER_KEY, Buffer.from('second'));
    await log.sweep();
    expect(log.key(KEY)?.toString()).toBe('first');
    await log.append(bundleAt(stream, 4, 4, OTHER_KEY)).committed;
    await log.sweep();
    expect([log.key(KEY), log.key(OTHER_KEY)?.toString()]).toEqual([undefined, 'second']);
  });

  it('gives up a backfill when retention needs the room', async () => {
    const log = await rig({ retentionMessages: 5 }).open();
    await log.setExtent(stream, 10, 10);
    await log.prepend(bundleAt(stream, 1, 9));
    await fill(log, stream, 6, 11);
    await log.sweep();
    await log.setExtent(stream, 0, 16);
    expect(log.extent(stream.id)).toMatchObject({ floor: 11, frontier: 16 });
    expect(log.readTopic('news', 0, 100)).toHaveLength(5);
  });

  it('forgets a stream with everything of it', async () => {
    const log = await rig().open();
    await log.saveKey(KEY, Buffer.from('wrapped'));
    await fill(log, stream, 3);
    await log.forget(stream.id);
    expect([bytesOf(log), log.topics(), log.key(KEY), log.extent(stream.id)]).toEqual([0, [], undefined, undefined]);
    await fill(log, stream, 1, 9);
    expect(log.extent(stream.id)).toMatchObject({ floor: 8, frontier: 9 });
  });
});

describe('bundle log on a store that fails', () => {
  /** Fails like a full disk while told to. */
  class FullStore extends MemoryBundleStore {
    isFull = false;
    override refusal: GrapevineError | undefined = undefined;
    override failure: GrapevineError | undefined = undefined;
    /** How often all that it holds was looked at. */
    looks = 0;

    override probe(): Promise<void> {
      if (this.isFull) return Promise.reject(new GrapevineError('store-full', 'full'));
      this.failure = undefined;
      return super.probe();
    }

    override extents(): ReturnType<MemoryBundleStore['extents']> {
      this.looks++;
      return super.extents();
    }

    override append(...args: Parameters<MemoryBundleStore['append']>): Promise<void> {
      if (this.isFull) return Promise.reject(new GrapevineError('store-full', 'full'));
      return super.append(...args);
    }
  }

  it('goes back to what is committed, and takes the same bundle once there is room', async () => {
    const store = new FullStore('AAAAAAAA');
    const log = await openLog(store, new HandClock());
    await fill(log, stream, 2);
    const bytes = bytesOf(log);
    store.isFull = true;
    await expect(log.append(bundleAt(stream, 3)).committed).rejects.toMatchObject({ code: 'store-full' });
    expect(log.extent(stream.id)).toMatchObject({ floor: 0, frontier: 2 });
    expect(bytesOf(log)).toBe(bytes);
    store.isFull = false;
    await log.append(bundleAt(stream, 3)).committed;
    expect(seqs(log)).toEqual([1, 2, 3]);
  });

  it('tries no bundle while the store says that it takes none, so that the books need not follow it back', async () => {
    const store = new FullStore('AAAAAAAA');
    const log = await openLog(store, new HandClock());
    const { looks } = store;
    store.refusal = new GrapevineError('store-full', 'full');
    for (const written of [log.append(bundleAt(stream, 1)), log.appendOwn(bundleAt(other, 1))]) {
      await expect(written.committed).rejects.toBe(store.refusal);
    }
    expect([log.extent(stream.id), log.extent(other.id), store.looks]).toEqual([undefined, undefined, looks]);
  });

  it('finds out when the store takes something again, though nobody writes', async () => {
    const store = new FullStore('AAAAAAAA');
    const log = await openLog(store, new HandClock());
    store.isFull = true;
    store.failure = new GrapevineError('store-full', 'full');
    await log.sweep();
    expect(log.storeState.failure).toBe(store.failure);
    store.isFull = false;
    await log.sweep();
    expect(log.storeState.failure).toBeUndefined();
  });

  it('gives up history that the store does not take, and takes it from its beginning later', async () => {
    const store = new FullStore('AAAAAAAA');
    const log = await openLog(store, new HandClock());
    await log.append(bundleAt(stream, 4), 3).committed;
    await log.prepend(bundleAt(stream, 1));
    store.refusal = new GrapevineError('store-full', 'full');
    await expect(log.prepend(bundleAt(stream, 2))).rejects.toBe(store.refusal);
    store.refusal = undefined;
    for (const seq of [1, 2, 3]) await log.prepend(bundleAt(stream, seq));
    await log.setExtent(stream, 0, 4);
    expect(seqs(log)).toEqual([1, 2, 3, 4]);
  });
});
