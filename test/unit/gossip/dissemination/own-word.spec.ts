import { describe, expect, it } from 'vitest';
import { streamOf } from '../../../../src/gossip/bundles/stream.js';
import { bundleAt, nodeId } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, P, H] = [0, 1, 2].map(nodeId) as [string, string, string];
const extents = (epoch: number, start: number) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: Buffer.alloc(8).toString('base64url'),
    isLast: true,
    streams: [{ publisher: P, epoch, start, floor: 0, frontier: 9 }],
  }) as const;

describe('where a stream begins', () => {
  it('is what its publisher says', () => {
    const rig = new CoreRig(SELF, [P, H]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents(1, 6));
    rig.frame(H, extents(1, 0));
    rig.run(1_000);
    expect(rig.framesTo(P, 'pull')).toMatchObject([{ after: 6, to: 9 }]);
  });

  it('is what any holder says when the publisher lives another life, and may have lost the log of that one', () => {
    const rig = new CoreRig(SELF, [P, H]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents(0, 9));
    rig.frame(H, extents(0, 0));
    rig.run(1_000);
    rig.received(H, bundleAt(streamOf('chat', P, 0), 1, 9), { isRepair: true });
    expect(rig.all('release').map(({ fromSeq }) => fromSeq)).toEqual([1]);
  });
});
