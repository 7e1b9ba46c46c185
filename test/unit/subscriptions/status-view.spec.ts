import { describe, expect, it } from 'vitest';
import type { Member, MemberState } from '../../../src/peers/membership/member.js';
import { clusterState, namesOf, peersByName } from '../../../src/subscriptions/status-view.js';

const member = (id: string, name: string, state: MemberState = 'alive', epoch = 1): Member =>
  ({ id, name, state, epoch, url: `http://${id}`, incarnation: 1 }) as Member;
const self = member('self', 'A');
const ids = (members: readonly Member[]) => members.map(({ id }) => id);

describe('the peers in a status', () => {
  it('are the others, sorted by name', () => {
    expect(ids(peersByName([member('3', 'C'), self, member('2', 'B')], self))).toEqual(['2', '3']);
  });

  it('have one entry per name of those that are gone: the newest, and none when another lives', () => {
    const came = [member('old', 'B', 'dead', 1), member('new', 'B', 'alive', 2)];
    const gone = [member('first', 'C', 'left', 3), member('second', 'C', 'dead', 4)];
    const clock = [member('fast', 'D', 'dead', 9), member('slow', 'D', 'alive', 5)];
    expect(ids(peersByName([...came, ...gone, ...clock], self))).toEqual(['new', 'second', 'slow']);
  });

  it('leave out what the node was before it lost its folder, but show a living namesake', () => {
    expect(ids(peersByName([member('former', 'A', 'dead')], self))).toEqual([]);
    expect(ids(peersByName([member('clash', 'A', 'suspect')], self))).toEqual(['clash']);
  });

  it('are all of the living, also when two have one name', () => {
    const pair = [member('2', 'B', 'alive', 9), member('1', 'B', 'suspect', 1), member('3', 'B', 'dead', 5)];
    expect(ids(peersByName([...pair, member('4', 'A')], self))).toEqual(['4', '1', '2']);
  });

  it('make the cluster degraded while one is suspect or dead', () => {
    expect(clusterState([])).toBe('healthy');
    expect(clusterState([member('1', 'B'), member('2', 'C', 'left')])).toBe('healthy');
    expect(clusterState([member('1', 'B', 'suspect')])).toBe('degraded');
    expect(clusterState([member('1', 'B', 'dead')])).toBe('degraded');
  });

  it('are named once and sorted, strangers left out', () => {
    const known = new Map([
      ['1', member('1', 'B')],
      ['2', member('2', 'A')],
      ['3', member('3', 'B')],
    ]);
    expect(namesOf(['1', '2', '3', '4'], (id) => known.get(id))).toEqual(['A', 'B']);
  });
});
