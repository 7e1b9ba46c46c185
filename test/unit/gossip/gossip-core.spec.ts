import { describe, expect, it } from 'vitest';
import { bundleAt, nodeId, streamBy } from './arbitraries.js';
import { CoreRig } from './core-rig.js';

const [SELF, P, H] = [0, 1, 2].map(nodeId) as [string, string, string];
const STREAM = streamBy(P);
const DIGEST = Buffer.alloc(8).toString('base64url');

const extents = (claim: { start: number; floor: number; frontier: number }, { publisher } = { publisher: P }) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: DIGEST,
    isLast: true,
    streams: [{ publisher, epoch: 1, ...claim }],
  }) as const;

describe('acks of the gossip core', () => {
  it('begin where the stream was taken in', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 1, floor: 0, frontier: 1 }));
    rig.received(P, bundleAt(STREAM, 2));
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 2 }] });
    const acks = rig.framesTo(P, 'ack').flatMap(({ entries }) => entries);
    expect(acks.filter(({ stream }) => stream === STREAM.id)).toEqual([
      { stream: STREAM.id, start: 1, frontier: 1 },
      { stream: STREAM.id, start: 1, frontier: 2 },
    ]);
  });

  it('leave out what was given up', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.received(P, bundleAt(STREAM, 1), { start: 0 });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 1 }] });
    rig.frame(P, extents({ start: 4, floor: 4, frontier: 5 }));
    rig.run(5_000);
    expect(rig.all('gap').map(({ gap }) => [gap.from, gap.to])).toEqual([[2, 4]]);
    rig.received(P, bundleAt(STREAM, 5), { isRepair: true });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 5 }] });
    expect(rig.framesTo(P, 'ack').at(-1)?.entries).toEqual([{ stream: STREAM.id, start: 4, frontier: 5 }]);
  });
});
