import { describe, expect, it } from 'vitest';
import { Acknowledgements } from '../../../src/gossip/dissemination/acknowledgements.js';
import { nodeId, streamBy } from './arbitraries.js';
import { TestDirectory } from './test-directory.js';

const SELF = nodeId(1);
const B = nodeId(2);
const C = nodeId(3);
const STREAM = streamBy(SELF);

describe('acknowledgements', () => {
  it('tells a caller once as many nodes as asked for have the message', () => {
    const { acks, reached } = setUp([SELF, B, C]);
    acks.await(STREAM.id, { id: 1, seq: 5, level: 2 });
    acks.confirmed(B, STREAM.id, upTo(4));
    acks.confirmed(SELF, STREAM.id, upTo(5));
    expect(reached).toEqual([]);
    acks.confirmed(B, STREAM.id, upTo(9));
    acks.confirmed(C, STREAM.id, upTo(9));
    expect(reached).toEqual([{ id: 1, confirmed: 2, of: 3 }]);
  });

  it('counts the publisher also when it does not want the topic itself', () => {
    const { acks, reached } = setUp([B]);
    acks.await(STREAM.id, { id: 1, seq: 1, level: 'all' });
    acks.confirmed(B, STREAM.id, upTo(1));
    expect(reached).toEqual([]);
    acks.confirmed(SELF, STREAM.id, upTo(1));
    expect(reached).toEqual([{ id: 1, confirmed: 2, of: 2 }]);
  });

  it('does not count a node that has the message but does not want it', () => {
    const { acks } = setUp([B]);
    acks.confirmed(C, STREAM.id, upTo(1));
    expect(acks.confirmationOf(STREAM.id, 1)).toEqual({ confirmed: 0, of: 2 });
  });

  it('reaches all when those that are missing die', () => {
    const { acks, reached, directory } = setUp([SELF, B, C]);
    acks.await(STREAM.id, { id: 1, seq: 1, level: 'all' });
    acks.confirmed(SELF, STREAM.id, upTo(1));
    acks.confirmed(B, STREAM.id, upTo(1));
    directory.setState(C, 'dead');
    acks.review();
    expect(reached).toEqual([{ id: 1, confirmed: 2, of: 2 }]);
  });

  it('tells at once what is reached already, and never a caller that has given up', () => {
    const { acks, reached } = setUp([SELF, B]);
    acks.confirmed(SELF, STREAM.id, upTo(3));
    acks.await(STREAM.id, { id: 1, seq: 2, level: 1 });
    expect(reached).toEqual([{ id: 1, confirmed: 1, of: 2 }]);
    acks.await(STREAM.id, { id: 2, seq: 3, level: 2 });
    acks.abandon(2);
    acks.confirmed(B, STREAM.id, upTo(3));
    expect(reached).toHaveLength(1);
  });

  it('does not count a node for what was published before its part of the stream begins', () => {
    const { acks, reached } = setUp([SELF, B]);
    acks.confirmed(SELF, STREAM.id, upTo(2));
    acks.await(STREAM.id, { id: 1, seq: 1, level: 2 });
    acks.await(STREAM.id, { id: 2, seq: 2, level: 2 });
    acks.await(STREAM.id, { id: 3, seq: 1, level: 'all' });
    acks.confirmed(B, STREAM.id, { start: 1, frontier: 2 });
    expect(reached).toEqual([
      { id: 3, confirmed: 1, of: 1 },
      { id: 2, confirmed: 2, of: 2 },
    ]);
  });

  it('waits for a node that gave up what it was to have', () => {
    const { acks } = setUp([SELF, B]);
    acks.confirmed(SELF, STREAM.id, upTo(9));
    acks.confirmed(B, STREAM.id, upTo(3));
    acks.confirmed(B, STREAM.id, { start: 6, frontier: 9 });
    expect(acks.confirmationOf(STREAM.id, 5)).toEqual({ confirmed: 1, of: 2 });
    expect(acks.confirmationOf(STREAM.id, 7)).toEqual({ confirmed: 2, of: 2 });
  });

  it('leaves waits for later messages alone', () => {
    const { acks, reached } = setUp([SELF, B]);
    acks.confirmed(SELF, STREAM.id, upTo(10));
    for (const seq of [3, 7, 5]) acks.await(STREAM.id, { id: seq, seq, level: 2 });
    acks.confirmed(B, STREAM.id, upTo(5));
    expect(reached.map(({ id }) => id)).toEqual([3, 5]);
    acks.confirmed(B, STREAM.id, upTo(7));
    expect(reached.map(({ id }) => id)).toEqual([3, 5, 7]);
  });
});

const upTo = (frontier: number) => ({ start: 0, frontier });

function setUp(interested: readonly string[]) {
  const directory = new TestDirectory([SELF, B, C]);
  for (const id of interested) directory.want(id, STREAM.topic, 1);
  const reached: { id: number; confirmed: number; of: number }[] = [];
  const acks = new Acknowledgements(SELF, directory, (id, confirmation) => reached.push({ id, ...confirmation }));
  acks.open(STREAM);
  return { acks, reached, directory };
}
