import { describe, expect, it } from 'vitest';
import { STALL_MS } from '../../../src/gossip/dissemination/flow.js';
import { NEWCOMERS_PER_PEER_MAX } from '../../../src/gossip/dissemination/newcomers.js';
import { UNLOGGED_PAUSE_MS } from '../../../src/gossip/dissemination/reception.js';
import { PULL_BYTES } from '../../../src/gossip/dissemination/repair.js';
import { SERVED_BYTES_MAX } from '../../../src/gossip/dissemination/serving.js';
import { EXPLAINED_MAX } from '../../../src/gossip/dissemination/summaries.js';
import { bundleAt, nodeId, streamBy } from './arbitraries.js';
import { CoreRig } from './core-rig.js';

const [SELF, P, H] = [0, 1, 2].map(nodeId) as [string, string, string];
const STREAM = streamBy(P);
const DIGEST = Buffer.alloc(8).toString('base64url');

const extents = (claim: { start: number; floor: number; frontier: number }, { publisher } = { publisher: P }) =>
  ({
    type: 'extents',
    topic: 'chat',
    digest: DIGEST,
    isLast: true,
    streams: [{ publisher, epoch: 1, ...claim }],
  }) as const;

describe('acks of the gossip core', () => {
  it('begin where the stream was taken in', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 1, floor: 0, frontier: 1 }));
    rig.received(P, bundleAt(STREAM, 2));
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 2 }] });
    const acks = rig.framesTo(P, 'ack').flatMap(({ entries }) => entries);
    expect(acks.filter(({ stream }) => stream === STREAM.id)).toEqual([
      { stream: STREAM.id, start: 1, frontier: 1 },
      { stream: STREAM.id, start: 1, frontier: 2 },
    ]);
  });

  it('leave out what was given up', () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.received(P, bundleAt(STREAM, 1), { start: 0 });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 1 }] });
    rig.frame(P, extents({ start: 4, floor: 4, frontier: 5 }));
    rig.run(5_000);
    expect(rig.all('gap').map(({ gap }) => [gap.from, gap.to])).toEqual([[2, 4]]);
    rig.received(P, bundleAt(STREAM, 5), { isRepair: true });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 5 }] });
    expect(rig.framesTo(P, 'ack').at(-1)?.entries).toEqual([{ stream: STREAM.id, start: 4, frontier: 5 }]);
  });
});

describe('a log that takes no more', () => {
  const setUp = () => {
    const rig = new CoreRig(SELF, [P]);
    rig.want(SELF, 'chat');
    rig.frame(P, extents({ start: 5, floor: 0, frontier: 6 }));
    rig.received(P, bundleAt(STREAM, 4, 6), { isRepair: true });
    rig.frame(P, { type: 'pulled', stream: STREAM.id, upTo: 6, floor: 0, isBusy: false });
    rig.handle({ type: 'logged', entries: [{ stream: STREAM.id, lastSeq: 6 }] });
    rig.received(P, bundleAt(STREAM, 7, 8));
    rig.received(P, bundleAt(STREAM, 9));
    return rig;
  };
  const answer = (rig: CoreRig) => {
    rig.frame(P, extents({ start: 5, floor: 0, frontier: 9 }));
    rig.run(UNLOGGED_PAUSE_MS - 1);
  };

  it('gets again what it lacks, after a pause, and subscribers get nothing twice', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    expect(rig.core.isKnown(STREAM.id, 7, 8)).toBe(false);
    expect(rig.framesTo(P, 'extentsRequest').at(-1)).toMatchObject({ topics: ['chat'] });
    answer(rig);
    expect(rig.framesTo(P, 'pull')).toHaveLength(1);
    rig.run(60);
    expect(rig.framesTo(P, 'pull').slice(1)).toMatchObject([{ after: 6, to: 9 }]);
    for (const bundle of [bundleAt(STREAM, 7, 8), bundleAt(STREAM, 9, 10)]) rig.received(P, bundle, { isRepair: true });
    expect(rig.all('release').map(({ bundle, fromSeq }) => [bundle.lastSeq, fromSeq])).toEqual([
      [6, 6],
      [8, 7],
      [9, 9],
      [8, 9],
      [10, 10],
    ]);
  });

  it('lacks what was released until that is here again, or given up', () => {
    const rig = setUp();
    const lacking = () => [6, 7, 9, 10].filter((seq) => rig.core.isUnlogged(STREAM.id, seq));
    expect(lacking()).toEqual([]);
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    expect(lacking()).toEqual([7, 9]);
    rig.received(P, bundleAt(STREAM, 7, 8), { isRepair: true });
    expect(lacking()).toEqual([9]);
    rig.frame(P, extents({ start: 20, floor: 20, frontier: 25 }));
    rig.run(3_000);
    expect(lacking()).toEqual([]);
  });

  it('is not acknowledged for', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 6 });
    rig.handle({ type: 'linkUp', peer: P });
    expect(rig.framesTo(P, 'ack').at(-1)?.entries).toEqual([{ stream: STREAM.id, start: 5, frontier: 6 }]);
  });

  it('begins where the stream began when it has forgotten it', () => {
    const rig = setUp();
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: undefined });
    answer(rig);
    rig.run(60);
    expect(rig.framesTo(P, 'pull').slice(1)).toMatchObject([{ after: 5, to: 9 }]);
    rig.received(P, bundleAt(STREAM, 4, 6), { isRepair: true });
    expect(rig.all('release').at(-1)).toMatchObject({ fromSeq: 7, floor: 5 });
  });

  it('is told again of a gap that it did not note', () => {
    const rig = setUp();
    rig.frame(P, extents({ start: 20, floor: 20, frontier: 25 }));
    rig.run(3_000);
    rig.received(P, bundleAt(STREAM, 21), { isRepair: true });
    const told = rig.all('extent').length;
    rig.handle({ type: 'unlogged', stream: STREAM.id, frontier: 9 });
    expect(rig.all('extent').slice(told)).toMatchObject([{ floor: 20, frontier: 20 }]);
    expect(rig.all('gap')).toHaveLength(1);
  });
});

describe('claims of somebody else', () => {
  const setUp = () => {
    const rig = new CoreRig(SELF, [H]);
    rig.directory.setState(P, 'alive');
    rig.want(SELF, 'chat');
    rig.want(H, 'chat');
    return rig;
  };
  const far = { start: 1_000_000_000, floor: 999_999_999, frontier: 1_000_000_001 };

  it('are neither kept nor passed on as long as nothing of the stream is verified', () => {
    const rig = setUp();
    rig.frame(H, extents(far));
    rig.run(10_000);
    expect(rig.framesTo(H, 'pull')[0]).toMatchObject({ stream: STREAM.id, after: far.start });
    rig.frame(H, { type: 'extentsRequest', topics: ['chat'] });
    expect(rig.framesTo(H, 'extents').flatMap(({ streams }) => streams)).toEqual([]);
    expect(rig.all('extent')).toEqual([]);
    expect(rig.all('gap')).toEqual([]);
  });

  it('do not keep a stream from beginning where its first verified bundle does', () => {
    const rig = setUp();
    rig.frame(H, extents(far));
    rig.run(1_000);
    rig.received(H, bundleAt(STREAM, 5, 6));
    expect(rig.all('extent')).toMatchObject([{ floor: 4, frontier: 4 }]);
    expect(rig.all('release')).toMatchObject([{ fromSeq: 5, floor: 4 }]);
  });

  it('count for less than the word of the publisher', () => {
    const rig = setUp();
    rig.frame(H, extents(far));
    rig.run(1_000);
    rig.handle({ type: 'linkUp', peer: P });
    rig.received(P, bundleAt(STREAM, 5, 6), { start: 2 });
    expect(rig.all('extent')).toMatchObject([{ floor: 2, frontier: 2 }]);
  });

  it('begin a stream at the lowest start that is named, once a bundle shows that it is', () => {
    const rig = setUp();
    rig.frame(H, extents({ start: 3, floor: 0, frontier: 6 }));
    rig.run(1_000);
    expect(rig.framesTo(H, 'pull')).toMatchObject([{ after: 3, to: 6 }]);
    rig.received(H, bundleAt(STREAM, 4, 6), { isRepair: true });
    rig.frame(H, { type: 'pulled', stream: STREAM.id, upTo: 6, floor: 0, isBusy: false });
    expect(rig.all('extent')).toMatchObject([{ floor: 3, frontier: 3 }]);
    expect(rig.core.isMissingAnything).toBe(false);
  });

  it('take no more than their share of the room, and none when the link is gone', () => {
    const rig = setUp();
    const claim = (epoch: number) => ({ publisher: P, epoch, start: 0, floor: 0, frontier: 1 });
    const claims = (from: number, count: number) => Array.from({ length: count }, (_, at) => claim(from + at));
    const page = { type: 'extents', topic: 'chat', digest: DIGEST, isLast: true } as const;
    rig.frame(H, { ...page, streams: claims(1, NEWCOMERS_PER_PEER_MAX) });
    rig.frame(H, { ...page, streams: claims(10_000, 1_000) });
    rig.run(500);
    expect(rig.core.newcomers).toBe(NEWCOMERS_PER_PEER_MAX);
    rig.handle({ type: 'linkDown', peer: H });
    expect(rig.core.newcomers).toBe(0);
    expect(rig.core.isMissingAnything).toBe(false);
  });
});

describe('a peer that asks for a lot', () => {
  const OWN = streamBy(SELF);
  const setUp = () => {
    const rig = new CoreRig(SELF, [H]);
    rig.want(H, 'chat');
    for (let seq = 1; seq <= 5; seq++) rig.handle({ type: 'published', bundle: bundleAt(OWN, seq) });
    return rig;
  };
  const pull = (after: number, to: number) =>
    ({ type: 'pull', stream: OWN.id, after, to, bytesMax: PULL_BYTES }) as const;

  it('is told of a topic once a request, and not without end', () => {
    const rig = setUp();
    rig.frame(H, { type: 'extentsRequest', topics: Array.from({ length: 1_000 }, () => 'chat') });
    expect(rig.framesTo(H, 'extents')).toHaveLength(1);
    for (let at = 0; at < EXPLAINED_MAX; at++) rig.frame(H, { type: 'extentsRequest', topics: ['chat'] });
    const answered = rig.framesTo(H, 'extents').length;
    expect(answered).toBeLessThanOrEqual(EXPLAINED_MAX);
    rig.run(1_000);
    rig.frame(H, { type: 'extentsRequest', topics: ['chat'] });
    expect(rig.framesTo(H, 'extents').length).toBeGreaterThan(answered);
  });

  it('is served a stream once at a time, and so many bytes a second', () => {
    const rig = setUp();
    rig.frame(H, pull(0, 5));
    rig.frame(H, pull(0, 5));
    expect(rig.all('serve')).toHaveLength(1);
    expect(rig.framesTo(H, 'pulled')).toMatchObject([{ isBusy: true }]);
    rig.handle({ type: 'served', peer: H, stream: OWN.id, upTo: 5, bytes: SERVED_BYTES_MAX });
    rig.frame(H, pull(0, 5));
    expect(rig.framesTo(H, 'pulled')).toMatchObject([{ isBusy: true }, { isBusy: true }]);
    rig.run(1_000);
    rig.frame(H, pull(0, 5));
    expect(rig.all('serve')).toHaveLength(2);
  });

  it('has nothing read for it when it asks for nothing', () => {
    const rig = setUp();
    rig.frame(H, pull(3, 3));
    expect(rig.all('serve')).toEqual([]);
  });
});

describe('a receiver that lagged', () => {
  const OWN = streamBy(SELF);

  it('is served all there is by now, and pushed to again', () => {
    const rig = new CoreRig(SELF, [H]);
    rig.want(H, 'chat');
    rig.handle({ type: 'published', bundle: bundleAt(OWN, 1) });
    rig.run(STALL_MS + 100);
    for (let seq = 2; seq <= 9; seq++) rig.handle({ type: 'published', bundle: bundleAt(OWN, seq) });
    expect(rig.all('push')).toHaveLength(1);
    rig.frame(H, { type: 'pull', stream: OWN.id, after: 1, to: 2, bytesMax: PULL_BYTES });
    expect(rig.all('serve')).toMatchObject([{ after: 1, to: 9 }]);
    rig.handle({ type: 'served', peer: H, stream: OWN.id, upTo: 9, bytes: 900 });
    rig.frame(H, { type: 'ack', node: undefined, entries: [{ stream: OWN.id, start: 0, frontier: 1 }] });
    rig.handle({ type: 'published', bundle: bundleAt(OWN, 10) });
    expect(rig.all('push').map(({ bundle }) => bundle.lastSeq)).toEqual([1, 10]);
  });

  it('is served only what it asks for otherwise', () => {
    const rig = new CoreRig(SELF, [H]);
    rig.want(H, 'chat');
    for (let seq = 1; seq <= 9; seq++) rig.handle({ type: 'published', bundle: bundleAt(OWN, seq) });
    rig.frame(H, { type: 'pull', stream: OWN.id, after: 1, to: 2, bytesMax: PULL_BYTES });
    expect(rig.all('serve')).toMatchObject([{ after: 1, to: 2 }]);
  });
});
