import { describe, expect, it } from 'vitest';
import { ROUND_MS } from '../../../../src/gossip/dissemination/gossip-core.js';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, A, B] = [0, 1, 2].map(nodeId) as [string, string, string];
const STREAM = streamBy(SELF);
const OTHER_DIGEST = Buffer.alloc(8, 9).toString('base64url');

/** Publishes, and A confirms that it has it. */
function publish(node: CoreRig, seq: number): void {
  node.handle({ type: 'published', bundle: bundleAt(STREAM, seq) });
  node.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: seq }] });
  node.frame(A, { type: 'ack', node: undefined, entries: [{ stream: STREAM.id, start: 0, frontier: seq }] });
}

function rig(): CoreRig {
  const node = new CoreRig(SELF, [A, B]);
  for (const id of [SELF, A]) node.want(id, 'chat');
  publish(node, 1);
  node.run(3 * ROUND_MS);
  return node;
}

const digestsTo = (node: CoreRig, peer: string) =>
  node.framesTo(peer, 'summary').flatMap(({ topics }) => topics.map(({ digest }) => digest));

describe('what a node tells of its topics', () => {
  it('is told once for each change, and only to who wants the topic', () => {
    const node = rig();
    const before = digestsTo(node, A).length;
    node.run(10 * ROUND_MS);
    expect(digestsTo(node, A)).toHaveLength(before);
    publish(node, 2);
    node.run(2 * ROUND_MS);
    expect(digestsTo(node, A)).toHaveLength(before + 1);
    expect(new Set(digestsTo(node, A)).size).toBe(before + 1);
    expect(digestsTo(node, B)).toEqual([]);
  });

  it('is told anew over a new link', () => {
    const node = rig();
    const before = digestsTo(node, A).length;
    node.handle({ type: 'linkDown', peer: A });
    node.handle({ type: 'linkUp', peer: A });
    node.run(100);
    expect(digestsTo(node, A)).toHaveLength(before + 1);
  });

  it('is explained to who asks, and to nobody who does not want it', () => {
    const node = rig();
    for (const peer of [A, B]) node.frame(peer, { type: 'extentsRequest', topics: ['chat'] });
    expect(node.framesTo(A, 'extents').flatMap(({ streams }) => streams)).toMatchObject([
      { publisher: SELF, epoch: 1, frontier: 1 },
    ]);
    expect(node.framesTo(B, 'extents').flatMap(({ streams }) => streams)).toEqual([]);
  });
});

describe('what a peer is told whose clock is not known yet', () => {
  it('is nothing of where its interest begins, until it is known', () => {
    const node = rig();
    node.unmeasured.add(A);
    node.frame(A, { type: 'extentsRequest', topics: ['chat'] });
    expect(node.framesTo(A, 'extents')).toEqual([]);
    node.unmeasured.delete(A);
    node.frame(A, { type: 'extentsRequest', topics: ['chat'] });
    expect(node.framesTo(A, 'extents')).toHaveLength(1);
  });

  it('is all that is retained, if it wants that, as no clock matters then', () => {
    const node = rig();
    node.want(A, 'chat', 0);
    node.unmeasured.add(A);
    node.frame(A, { type: 'extentsRequest', topics: ['chat'] });
    expect(node.framesTo(A, 'extents')).toMatchObject([{ streams: [{ start: 0 }] }]);
  });

  it('is new messages, without a start until there is one', () => {
    const node = new CoreRig(SELF, [A]);
    for (const id of [SELF, A]) node.want(id, 'chat');
    node.unmeasured.add(A);
    publish(node, 1);
    node.unmeasured.delete(A);
    publish(node, 2);
    publish(node, 3);
    expect(node.all('push').map(({ start }) => start)).toEqual([undefined, 0, undefined]);
  });
});

describe('what a peer tells of its topics', () => {
  const asks = (node: CoreRig) => node.framesTo(A, 'extentsRequest').length;
  const summary = (digest: string, topic = 'chat') => ({ type: 'summary', topics: [{ topic, digest }] }) as const;
  const nothingNew = {
    type: 'extents',
    topic: 'chat',
    digest: OTHER_DIGEST,
    isLast: true,
    streams: [{ publisher: SELF, epoch: 1, start: 0, floor: 0, frontier: 1 }],
  } as const;

  it('is asked for when it differs, again and again until it is explained, and then no more', () => {
    const node = rig();
    const before = asks(node);
    node.frame(A, summary(OTHER_DIGEST));
    node.run(5 * ROUND_MS);
    const asked = asks(node) - before;
    expect(asked).toBeGreaterThan(2);
    node.frame(A, nothingNew);
    node.run(5 * ROUND_MS);
    expect(asks(node) - before).toBe(asked);
  });

  it('is not asked for when it is the same, or not wanted here', () => {
    const node = rig();
    const before = asks(node);
    node.frame(A, summary(digestsTo(node, A).at(-1)!));
    node.frame(A, summary(OTHER_DIGEST, 'unwanted'));
    node.run(3 * ROUND_MS);
    expect(asks(node)).toBe(before);
  });
});
