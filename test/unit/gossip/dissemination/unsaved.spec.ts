import { describe, expect, it } from 'vitest';
import { ROUND_MS } from '../../../../src/gossip/dissemination/gossip-core.js';
import { nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, A] = [0, 1].map(nodeId) as [string, string];
const STREAM = streamBy(A);

describe('what the log could not save', () => {
  it('of an extent is said again, a round later and once', () => {
    const rig = new CoreRig(SELF, [A], [{ stream: STREAM, floor: 5, frontier: 5, changedAtMs: 0 }]);
    rig.want(SELF, 'chat');
    rig.handle({ type: 'unsaved', stream: STREAM });
    expect(rig.all('extent')).toEqual([]);
    rig.run(5 * ROUND_MS);
    expect(rig.all('extent')).toMatchObject([{ stream: STREAM, floor: 5, frontier: 5 }]);
  });

  it('of a stream that is forgotten is said again', () => {
    const rig = new CoreRig(SELF, [A]);
    rig.handle({ type: 'unsaved', stream: STREAM });
    rig.run(5 * ROUND_MS);
    expect(rig.all('forget')).toMatchObject([{ stream: STREAM }]);
  });
});
