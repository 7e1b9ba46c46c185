import { describe, expect, it } from 'vitest';
import { EMPTY_KEPT_MS, FORGET_AFTER_MS } from '../../../../src/gossip/dissemination/wants.js';
import { nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, A] = [0, 1].map(nodeId) as [string, string];
const held = (publisher: string, floor = 0) => ({ stream: streamBy(publisher), floor, frontier: 5, changedAtMs: 0 });
/** Longer than any pause between two looks. */
const SOON_MS = 30_000;

describe('a stream that nobody here wants', () => {
  it('is kept for a while, as interest that comes back must not cost a transfer, and then forgotten', () => {
    const node = new CoreRig(SELF, [A], [held(A)]);
    node.handle({ type: 'directoryChanged' });
    node.run(FORGET_AFTER_MS - 1_000);
    expect(node.all('forget')).toEqual([]);
    node.run(SOON_MS);
    expect(node.all('forget')).toMatchObject([{ stream: held(A).stream }]);
  });

  it('is kept when it is wanted again in time', () => {
    const node = new CoreRig(SELF, [A], [held(A)]);
    node.handle({ type: 'directoryChanged' });
    node.run(FORGET_AFTER_MS - 5_000);
    node.want(SELF, 'chat');
    node.run(FORGET_AFTER_MS + SOON_MS);
    expect(node.all('forget')).toEqual([]);
  });

  it('is kept when it is an own one', () => {
    const node = new CoreRig(SELF, [A], [held(SELF)]);
    node.handle({ type: 'directoryChanged' });
    node.run(FORGET_AFTER_MS + SOON_MS);
    expect(node.all('forget')).toEqual([]);
  });
});

describe('an empty stream', () => {
  it('is remembered for longer than anybody retains, so that it does not come back from others', () => {
    const node = new CoreRig(SELF, [A], [held(A, 5)]);
    node.want(SELF, 'chat');
    node.run(EMPTY_KEPT_MS - SOON_MS);
    expect(node.all('forget')).toEqual([]);
    node.run(2 * SOON_MS);
    expect(node.all('forget')).toHaveLength(1);
  });
});
