import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BundleLog } from '../../../src/gossip/log/bundle-log.service.js';
import type { BundleStore } from '../../../src/gossip/store/bundle-store.js';
import { lmdbStore } from '../../conformance/lmdb-store.js';
import { MemoryBundleStore } from '../../../src/gossip/store/memory-bundle-store.js';
import { streamOf } from '../../../src/gossip/bundles/stream.js';
import { bundleAt, HandClock, openLog } from './log-rig.js';

const ALL = Number.MAX_SAFE_INTEGER;
const STREAMS = [1, 2, 3].map((epoch) => streamOf(epoch === 3 ? 'chat' : 'news', 'A'.repeat(43), epoch));
const BOUNDS = { retentionMessages: 30, retentionMs: 100_000 };

interface Rig {
  make: () => BundleStore;
  remove: () => Promise<void>;
}

function memoryRig(): Promise<Rig> {
  const store = new MemoryBundleStore('AAAAAAAA');
  return Promise.resolve({ make: () => store, remove: () => Promise.resolve() });
}

async function lmdbRig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'grapevine-log-'));
  return {
    make: () => lmdbStore(folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What is read of each stream is exactly what its extent says, and the books agree with it. */
function check(log: BundleLog, frontiers: ReadonlyMap<string, number>): void {
  for (const { id, topic } of STREAMS) {
    const extent = log.extent(id);
    expect(extent?.frontier ?? 0).toBe(frontiers.get(id) ?? 0);
    if (extent === undefined) continue;
    const bundles = log.read(id, 1, ALL).map(({ bundle }) => bundle);
    let reached = extent.floor;
    for (const bundle of bundles) {
      expect(bundle.firstSeq).toBeLessThanOrEqual(reached + 1);
      reached = bundle.lastSeq;
      expect(bundle).toEqual(bundleAt(bundle.stream, bundle.firstSeq, bundle.lastSeq));
    }
    expect(reached).toBe(extent.frontier);
    const arrivals = log.readTopic(topic, 0, ALL, ALL).map(({ arrival }) => arrival);
    expect(arrivals).toEqual([...new Set(arrivals)].sort((a, b) => a - b));
  }
  for (const { topic, count, bytes } of log.topics()) {
    const ofTopic = [...log.extents()].filter(({ stream }) => stream.topic === topic);
    expect(count).toBe(ofTopic.reduce((sum, { floor, frontier }) => sum + frontier - floor, 0));
    const held = ofTopic.flatMap(({ stream }) => log.read(stream.id, 1, ALL));
    expect(bytes).toBe(held.reduce((sum, { bundle }) => sum + bundle.byteLength, 0));
  }
}

describe.each([
  ['memory', memoryRig],
  ['LMDB', lmdbRig],
] as const)('bundle log on %s', (_name, makeRig) => {
  const command = fc.record({
    do: fc.constantFrom('append', 'append', 'append', 'append', 'jump', 'forget', 'sweep', 'wait', 'restart'),
    which: fc.integer({ min: 0, max: STREAMS.length - 1 }),
    count: fc.integer({ min: 1, max: 9 }),
  });

  it('holds what its extents say, without holes, through drops and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 50 }), async (commands) => {
        const rig = await makeRig();
        const clock = new HandClock();
        const frontiers = new Map<string, number>();
        let log = await openLog(rig.make(), clock, BOUNDS);
        const writes: Promise<unknown>[] = [];
        for (const { do: what, which, count } of commands) {
          const stream = STREAMS[which]!;
          const frontier = frontiers.get(stream.id) ?? 0;
          if (what === 'append') {
            writes.push(log.append(bundleAt(stream, frontier + 1, frontier + count)).committed);
            frontiers.set(stream.id, frontier + count);
          } else if (what === 'jump') {
            writes.push(log.setExtent(stream, frontier + count, frontier + count));
            frontiers.set(stream.id, frontier + count);
          } else if (what === 'forget') {
            writes.push(log.forget(stream.id));
            frontiers.delete(stream.id);
          } else if (what === 'wait') clock.nowMs += 5_000 * count;
          else if (what === 'sweep') {
            await log.sweep();
            // A stream that has been empty for long is forgotten, and begins anew.
            for (const { id } of STREAMS) if (log.extent(id) === undefined) frontiers.delete(id);
            for (const { topic, count } of log.topics()) expect([topic, Math.min(count, 30)]).toEqual([topic, count]);
          } else {
            await log.close();
            log = await openLog(rig.make(), clock, BOUNDS);
          }
          check(log, frontiers);
        }
        await Promise.all(writes);
        await log.close();
        await rig.remove();
      }),
      { numRuns: 25 },
    );
  });
});
