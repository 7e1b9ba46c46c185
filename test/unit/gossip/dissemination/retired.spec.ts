import { describe, expect, it } from 'vitest';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, H] = [0, 1].map(nodeId) as [string, string];
const OWN = streamBy(SELF);
const claim = {
  type: 'extents',
  topic: 'chat',
  digest: Buffer.alloc(8).toString('base64url'),
  isLast: true,
  streams: [{ publisher: SELF, epoch: 1, start: 0, floor: 0, frontier: 3 }],
} as const;

function published(): CoreRig {
  const rig = new CoreRig(SELF, [H]);
  for (const id of [SELF, H]) rig.want(id, 'chat');
  rig.handle({ type: 'published', bundle: bundleAt(OWN, 1, 3) });
  rig.handle({ type: 'logged', entries: [{ stream: OWN.id, lastSeq: 3 }] });
  return rig;
}

describe('an own stream of which nothing is left', () => {
  it('is forgotten, and comes back from nobody who has it still', () => {
    const rig = published();
    rig.handle({ type: 'floorMoved', stream: OWN.id, floor: 3 });
    rig.handle({ type: 'retired', stream: OWN.id });
    expect(rig.all('forget')).toMatchObject([{ stream: OWN }]);
    const released = rig.all('release').length;
    rig.frame(H, claim);
    rig.run(10_000);
    rig.received(H, bundleAt(OWN, 1, 3), { isRepair: true });
    expect(rig.framesTo(H, 'pull')).toEqual([]);
    expect(rig.all('release')).toHaveLength(released);
    expect(rig.core.isMissingAnything).toBe(false);
  });

  it('goes on with the next number when its topic is published to again', () => {
    const rig = published();
    rig.handle({ type: 'floorMoved', stream: OWN.id, floor: 3 });
    rig.handle({ type: 'retired', stream: OWN.id });
    rig.handle({ type: 'published', bundle: bundleAt(OWN, 4) });
    expect(rig.all('push').at(-1)).toMatchObject({ peer: H, bundle: { firstSeq: 4 }, start: 3 });
    rig.handle({ type: 'await', id: 1, stream: OWN.id, seq: 4, level: 'all' });
    rig.handle({ type: 'logged', entries: [{ stream: OWN.id, lastSeq: 4 }] });
    rig.frame(H, { type: 'ack', node: undefined, entries: [{ stream: OWN.id, start: 0, frontier: 4 }] });
    expect(rig.all('reached')).toMatchObject([{ id: 1, confirmed: 2, of: 2 }]);
  });

  it('stays as long as anything of it is held', () => {
    const rig = published();
    rig.handle({ type: 'retired', stream: OWN.id });
    expect(rig.all('forget')).toEqual([]);
  });
});
