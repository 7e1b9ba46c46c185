import { describe, expect, it } from 'vitest';
import { WALKED_PAIRS_MAX } from '../../../../src/gossip/dissemination/topic-walk.js';
import { FORGET_AFTER_MS, FORGOTTEN_A_SWEEP_MAX } from '../../../../src/gossip/dissemination/wants.js';
import { nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, P, A, B] = [0, 1, 2, 3].map(nodeId) as [string, string, string, string];
const TOPICS = 10_000;
const held = Array.from({ length: TOPICS }, (_, at) => ({
  stream: streamBy(P, `many.${at}`),
  floor: 0,
  frontier: 1,
  changedAtMs: 0,
}));

/** A node that holds and wants many topics; all that comes out in one turn is counted. */
class CrowdedRig extends CoreRig {
  largestTurn = 0;

  override handle(...[input]: Parameters<CoreRig['handle']>): void {
    const before = this.outputs.length;
    super.handle(input);
    const turn = this.outputs.slice(before).reduce((sum, output) => {
      const isSummary = output.type === 'send' && output.frame.type === 'summary';
      return sum + (isSummary ? output.frame.topics.length : 0) + (output.type === 'forget' ? 1 : 0);
    }, 0);
    this.largestTurn = Math.max(this.largestTurn, turn);
  }
}

describe('a node with many topics', () => {
  it('tells its links all of them after a change, a part in each turn', () => {
    const rig = new CrowdedRig(SELF, [A, B], held);
    for (const { stream } of held) for (const id of [SELF, A, B]) rig.directory.want(id, stream.topic, 1);
    rig.handle({ type: 'directoryChanged' });
    rig.run(5_000);
    for (const peer of [A, B]) {
      const told = rig.framesTo(peer, 'summary').flatMap(({ topics }) => topics.map(({ topic }) => topic));
      expect(new Set(told).size).toBe(TOPICS);
      expect(told).toHaveLength(TOPICS);
    }
    expect(rig.largestTurn).toBeLessThanOrEqual(WALKED_PAIRS_MAX);
  });

  it('forgets what nobody wants any more, a part in each turn', () => {
    const rig = new CrowdedRig(SELF, [A], held);
    rig.handle({ type: 'directoryChanged' });
    rig.run(FORGET_AFTER_MS + 120_000);
    expect(new Set(rig.all('forget').map(({ stream }) => stream.id)).size).toBe(TOPICS);
    expect(rig.largestTurn).toBeLessThanOrEqual(FORGOTTEN_A_SWEEP_MAX);
  });
});
