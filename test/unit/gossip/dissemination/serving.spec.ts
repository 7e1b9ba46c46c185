import { describe, expect, it } from 'vitest';
import { bundleAt, nodeId, streamBy } from '../arbitraries.js';
import { CoreRig } from '../core-rig.js';

const [SELF, A, B] = [0, 1, 2].map(nodeId) as [string, string, string];
const held = (index: number) => ({ stream: streamBy(SELF, `t${index}`), floor: 2, frontier: 10, changedAtMs: 0 });
const STREAMS = Array.from({ length: 12 }, (_, index) => held(index));

function rig(): CoreRig {
  return new CoreRig(SELF, [A, B], STREAMS);
}

const pull = (index: number, after = 2, to = 10) =>
  ({ type: 'pull', stream: STREAMS[index]!.stream.id, after, to, bytesMax: 1_000_000_000 }) as const;

describe('a pull', () => {
  it('is served from the log, within what is held and a bound of bytes', () => {
    const node = rig();
    node.frame(A, pull(0, 4, 50));
    const [serve] = node.all('serve');
    expect(serve).toMatchObject({ peer: A, after: 4, to: 10, floor: 2 });
    expect(serve!.bytesMax).toBeLessThanOrEqual(1024 * 1024);
  });

  it('of what is not held is answered at once, with the floor', () => {
    const node = rig();
    node.frame(A, pull(0, 1));
    node.frame(A, pull(0, 10, 20));
    node.frame(A, { ...pull(0), stream: streamBy(B, 'unknown').id });
    expect(node.all('serve')).toEqual([]);
    expect(node.framesTo(A, 'pulled').map(({ upTo, floor, isBusy }) => [upTo, floor, isBusy])).toEqual([
      [1, 2, false],
      [10, 2, false],
      [2, 0, false],
    ]);
  });

  it('of the same stream twice, or of too many at once, is told to come back, and others are served all the same', () => {
    const node = rig();
    node.frame(A, pull(0));
    node.frame(A, pull(0));
    for (let index = 1; index < STREAMS.length; index++) node.frame(A, pull(index));
    const served = node.all('serve').length;
    expect(served).toBeLessThan(STREAMS.length);
    expect(node.framesTo(A, 'pulled').filter(({ isBusy }) => isBusy)).toHaveLength(STREAMS.length + 1 - served);
    node.frame(B, pull(0));
    expect(node.all('serve').at(-1)?.peer).toBe(B);
    node.handle({ type: 'served', peer: A, stream: STREAMS[0]!.stream.id, upTo: 10, bytes: 10 });
    node.frame(A, pull(11));
    expect(node.all('serve').at(-1)).toMatchObject({ peer: A, stream: STREAMS[11]!.stream });
  });

  it('after the link was gone is not held back by what was under way before', () => {
    const node = rig();
    node.frame(A, pull(0));
    node.handle({ type: 'linkDown', peer: A });
    node.handle({ type: 'linkUp', peer: A });
    node.frame(A, pull(0));
    expect(node.all('serve')).toHaveLength(2);
  });

  it('of a receiver that was left out goes on to what came since', () => {
    const node = rig();
    const stream = streamBy(SELF, 'chat');
    node.want(A, 'chat');
    node.handle({ type: 'published', bundle: bundleAt(stream, 1) });
    node.run(1_500);
    node.handle({ type: 'published', bundle: bundleAt(stream, 2) });
    expect(node.all('push')).toHaveLength(1);
    node.frame(A, { type: 'pull', stream: stream.id, after: 0, to: 1, bytesMax: 1_000 });
    expect(node.all('serve').at(-1)).toMatchObject({ after: 0, to: 2 });
    node.handle({ type: 'served', peer: A, stream: stream.id, upTo: 2, bytes: 200 });
    node.frame(A, { type: 'ack', node: undefined, entries: [{ stream: stream.id, start: 0, frontier: 2 }] });
    node.handle({ type: 'published', bundle: bundleAt(stream, 3) });
    expect(node.all('push').at(-1)?.bundle.firstSeq).toBe(3);
  });
});
