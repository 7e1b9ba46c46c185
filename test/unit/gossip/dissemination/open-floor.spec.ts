import { describe, expect, it } from 'vitest';
import { extentOfRow, extentKey, extentRow } from '../../../../src/gossip/store/bundle-rows.js';
import { MemoryBundleStore } from '../../../../src/gossip/store/memory-bundle-store.js';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';
import { HandClock, openLog } from '../log-rig.js';

const [SELF, P, H] = [0, 1, 2].map(nodeId) as [string, string, string];
const STREAM = streamBy(P);

const extents = (claim: { start: number; floor: number; frontier: number }) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: Buffer.alloc(8).toString('base64url'),
    isLast: true,
    streams: [{ publisher: P, epoch: 1, ...claim }],
  }) as const;

describe('a floor that is a guess', () => {
  it('is still one after a restart: an earlier start is told as a gap and fetched as history', () => {
    const before = new CoreRig(SELF, [H]);
    before.want(SELF, 'chat');
    before.frame(H, extents({ start: 3, floor: 3, frontier: 6 }));
    before.run(5_000);
    before.received(H, bundleAt(STREAM, 4, 6), { isRepair: true });
    const [saved] = before.all('extent');
    expect(saved).toMatchObject({ floor: 3, openFrom: 0 });

    const held = { stream: STREAM, floor: 3, frontier: 6, changedAtMs: 0, openFrom: saved!.openFrom };
    const rig = new CoreRig(SELF, [P], [held]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 1, floor: 0, frontier: 6 }));
    expect(rig.all('gap').map(({ gap }) => [gap.from, gap.to, gap.reason])).toEqual([[2, 3, 'late']]);
    expect(rig.framesTo(P, 'pull')).toMatchObject([{ after: 1, to: 3 }]);
    expect(rig.all('extent').at(-1)).toMatchObject({ floor: 3, frontier: 6, openFrom: undefined });
  });

  it('that was sure is not doubted after a restart', () => {
    const rig = new CoreRig(SELF, [P], [{ stream: STREAM, floor: 3, frontier: 6, changedAtMs: 0 }]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 1, floor: 0, frontier: 6 }));
    expect(rig.all('gap')).toEqual([]);
  });

  it('is kept by the log until it is sure, or retention has passed it', async () => {
    const log = await openLog(new MemoryBundleStore('AAAAAAAA'), new HandClock());
    const openFrom = () => [...log.extents()].map((extent) => extent.openFrom);
    await log.setExtent(STREAM, 3, 3, 2);
    expect(openFrom()).toEqual([2]);
    await log.setExtent(STREAM, 3, 3);
    expect(openFrom()).toEqual([undefined]);
    await log.setExtent(STREAM, 3, 3, 2);
    await log.setExtent(STREAM, 9, 9, 2);
    expect(openFrom()).toEqual([undefined]);
  });

  it('is written into the row of its stream, and read again', () => {
    const extent = { stream: STREAM, floor: 3, frontier: 6, changedAtMs: 5, bytes: 700 };
    const read = (row: Buffer) => extentOfRow(extentKey(STREAM.id), row);
    expect(read(extentRow(extent))).toEqual(extent);
    expect(read(extentRow({ ...extent, openFrom: 2 }))).toEqual({ ...extent, openFrom: 2 });
    expect(read(extentRow({ ...extent, openFrom: 0 }))).toEqual({ ...extent, openFrom: 0 });
  });
});
