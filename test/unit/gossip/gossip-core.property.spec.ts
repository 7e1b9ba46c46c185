import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGossipFrame, encodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import { PULL_BYTES } from '../../../src/gossip/dissemination/repair.js';
import { bundleAt, nodeId, streamBy } from './arbitraries.js';
import { CoreRig } from './core-rig.js';
import { frame } from './frame-arbitrary.js';

const [SELF, A, B] = [0, 1, 2].map(nodeId) as [string, string, string];

describe('the gossip core', () => {
  it('takes whatever decodes, and says nothing that cannot be encoded', () => {
    const step = fc.record({
      peer: fc.constantFrom(A, B),
      frame: frame(Number.MAX_SAFE_INTEGER),
      waitMs: fc.nat(3_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const rig = new CoreRig(SELF, [A, B]);
        rig.want(SELF, 'chat');
        rig.want(A, 'chat');
        rig.handle({ type: 'published', bundle: bundleAt(streamBy(SELF), 1, 5) });
        for (const { peer, frame: sent, waitMs } of steps) {
          const received = decodeGossipFrame(encodeGossipFrame(sent));
          if (!received.ok) continue;
          rig.frame(peer, received.value);
          rig.run(waitMs);
        }
        for (const { frame: told } of rig.sent()) expect(decodeGossipFrame(encodeGossipFrame(told)).ok).toBe(true);
        for (const { bytesMax } of rig.all('serve')) expect(bytesMax).toBeLessThanOrEqual(PULL_BYTES);
      }),
    );
  });
});
