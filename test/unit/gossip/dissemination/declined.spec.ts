import { describe, expect, it } from 'vitest';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, P, Q] = [0, 1, 2].map(nodeId) as [string, string, string];
const OWN = streamBy(SELF);

/** A publisher with two readers, of which P takes nothing of the stream. */
function setUp(): CoreRig {
  const rig = new CoreRig(SELF, [P, Q]);
  for (const peer of [P, Q]) rig.want(peer, 'chat');
  publish(rig, 1);
  rig.frame(P, { type: 'declined', node: undefined, streams: [OWN.id] });
  return rig;
}

function publish(rig: CoreRig, seq: number): void {
  rig.handle({ type: 'published', bundle: bundleAt(OWN, seq) });
  rig.handle({ type: 'logged', entries: [{ stream: OWN.id, lastSeq: seq }] });
}

const pushedTo = (rig: CoreRig, peer: string): number[] =>
  rig
    .all('push')
    .filter((push) => push.peer === peer)
    .map(({ bundle }) => bundle.firstSeq);

describe('a peer that takes nothing of a stream', () => {
  it('is not waited for, also for what was on its way', () => {
    const rig = setUp();
    rig.handle({ type: 'await', id: 1, stream: OWN.id, seq: 1, level: 'all' });
    rig.frame(Q, { type: 'ack', node: undefined, entries: [{ stream: OWN.id, start: 0, frontier: 1 }] });
    expect(rig.all('reached')).toMatchObject([{ id: 1, confirmed: 2, of: 2 }]);
    expect(rig.core.isUnconfirmed).toBe(false);
  });

  it('is neither pushed more nor told of it', () => {
    const rig = setUp();
    rig.frame(Q, { type: 'ack', node: undefined, entries: [{ stream: OWN.id, start: 0, frontier: 1 }] });
    rig.run(2_000);
    publish(rig, 2);
    rig.run(5_000);
    expect([pushedTo(rig, P), pushedTo(rig, Q).length]).toEqual([[1], 2]);
    expect(rig.framesTo(P, 'extents')).toEqual([]);
  });

  it('is pushed to again once it asks for the topic or comes anew', () => {
    const asking = setUp();
    asking.frame(P, { type: 'extentsRequest', topics: ['chat'] });
    const coming = setUp();
    coming.handle({ type: 'linkDown', peer: P });
    coming.handle({ type: 'linkUp', peer: P });
    for (const rig of [asking, coming]) {
      publish(rig, 2);
      expect(pushedTo(rig, P)).toEqual([1, 2]);
      expect(rig.core.confirmationOf(OWN.id, 2).of).toBe(3);
    }
  });

  it('speaks for itself and for those alone to whom it relays', () => {
    const rig = setUp();
    rig.frame(P, { type: 'declined', node: Q, streams: [OWN.id] });
    publish(rig, 2);
    expect(pushedTo(rig, Q)).toEqual([1, 2]);
    expect(rig.core.confirmationOf(OWN.id, 2).of).toBe(2);
  });
});
