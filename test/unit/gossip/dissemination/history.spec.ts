import { describe, expect, it } from 'vitest';
import { UNLOGGED_PAUSE_MS } from '../../../../src/gossip/dissemination/reception.js';
import { GAP_WAIT_MS } from '../../../../src/gossip/dissemination/repair.js';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, P] = [0, 1].map(nodeId) as [string, string];
const STREAM = streamBy(P);
const extents = (start: number) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: Buffer.alloc(8).toString('base64url'),
    isLast: true,
    streams: [{ publisher: P, epoch: 1, start, floor: 0, frontier: 9 }],
  }) as const;

/** A node that wanted the topic from seq 7 on and now wants all of it: seqs 1 to 3 of its history are here. */
function withHistory(): CoreRig {
  const rig = new CoreRig(SELF, [P]);
  rig.want(SELF, 'chat', 1_000);
  rig.frame(P, extents(6));
  rig.received(P, bundleAt(STREAM, 7, 9), { isRepair: true });
  rig.frame(P, { type: 'pulled', stream: STREAM.id, upTo: 9, floor: 0, isBusy: false });
  rig.want(SELF, 'chat', 0);
  rig.run(50);
  rig.frame(P, extents(0));
  rig.received(P, bundleAt(STREAM, 1, 3), { isRepair: true });
  return rig;
}

const answerAll = (rig: CoreRig) => {
  for (const { after, to } of rig.framesTo(P, 'pull').slice(-1)) {
    rig.received(P, bundleAt(STREAM, after + 1, to), { isRepair: true });
    rig.frame(P, { type: 'pulled', stream: STREAM.id, upTo: to, floor: 0, isBusy: false });
  }
};

describe('history that was fetched and is gone again', () => {
  it('is fetched once more, after a pause, from whoever has it', () => {
    const rig = withHistory();
    expect(rig.all('backfill').map(({ bundle }) => bundle.lastSeq)).toEqual([3]);
    rig.handle({ type: 'historyLost', stream: STREAM.id, floor: 6 });
    const before = rig.framesTo(P, 'pull').length;
    rig.run(UNLOGGED_PAUSE_MS + 200);
    rig.frame(P, extents(0));
    rig.run(100);
    expect(rig.framesTo(P, 'pull').slice(before)).toMatchObject([{ after: 0, to: 6 }]);
    answerAll(rig);
    expect(rig.all('extent').at(-1)).toMatchObject({ floor: 0, frontier: 9 });
  });

  it('is fetched once more even when the core took it for complete', () => {
    const rig = withHistory();
    rig.received(P, bundleAt(STREAM, 4, 6), { isRepair: true });
    expect(rig.all('extent').at(-1)).toMatchObject({ floor: 0, frontier: 9 });
    rig.handle({ type: 'historyLost', stream: STREAM.id, floor: 6 });
    rig.run(UNLOGGED_PAUSE_MS + 200);
    rig.frame(P, extents(0));
    rig.run(100);
    expect(rig.framesTo(P, 'pull').at(-1)).toMatchObject({ after: 0, to: 6 });
  });

  it('is not fetched for ever when retention drops what follows it', () => {
    const rig = withHistory();
    rig.handle({ type: 'floorMoved', stream: STREAM.id, floor: 8 });
    const before = rig.framesTo(P, 'pull').length;
    rig.frame(P, { type: 'pulled', stream: STREAM.id, upTo: 3, floor: 0, isBusy: false });
    rig.frame(P, extents(0));
    rig.run(5_000);
    rig.frame(P, extents(0));
    rig.run(1_000);
    expect(rig.framesTo(P, 'pull')).toHaveLength(before);
    expect(rig.core.isMissingAnything).toBe(false);
    expect(rig.all('extent').at(-1)).toMatchObject({ floor: 6 });
  });

  it('is given up when nobody has it any more', () => {
    const rig = withHistory();
    rig.handle({ type: 'linkDown', peer: P });
    rig.handle({ type: 'historyLost', stream: STREAM.id, floor: 6 });
    rig.run(UNLOGGED_PAUSE_MS + GAP_WAIT_MS.holders + 1_000);
    expect(rig.core.isMissingAnything).toBe(false);
  });
});
