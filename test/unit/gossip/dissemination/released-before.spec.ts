import { describe, expect, it } from 'vitest';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, P, H] = [0, 1, 2].map(nodeId) as [string, string, string];

describe('a stream that was released before the interest began anew', () => {
  const claim = (frontier: number) =>
    ({
      type: 'extents',
      topic: 'chat',
      digest: Buffer.alloc(8).toString('base64url'),
      isLast: true,
      streams: [{ publisher: P, epoch: 1, start: 0, floor: 0, frontier }],
    }) as const;

  it('is not met again while nobody has more of it, and then from where it was left', () => {
    const rig = new CoreRig(SELF, [H]);
    rig.want(SELF, 'chat', 1);
    rig.frame(H, claim(2));
    rig.run(2_000);
    rig.received(H, bundleAt(streamBy(P), 1, 2), { isRepair: true });
    expect(rig.all('release').map(({ fromSeq }) => fromSeq)).toEqual([1]);

    rig.seqBefore = 2;
    rig.want(SELF, 'chat', 5);
    rig.run(2_000);
    expect(rig.all('forget')).toHaveLength(1);
    rig.frame(H, claim(2));
    expect(rig.core.newcomers).toBe(0);
    rig.frame(H, claim(4));
    expect(rig.core.newcomers).toBe(1);
    rig.run(2_000);
    rig.received(H, bundleAt(streamBy(P), 3, 4), { isRepair: true });
    expect(rig.all('release').map(({ fromSeq }) => fromSeq)).toEqual([1, 3]);
  });
});
