import { describe, expect, it } from 'vitest';
import type { Member, MemberState } from '../../../src/peers/membership/member.js';
import { MemberUrls, OLD_URLS_MAX } from '../../../src/peers/links/member-urls.js';

const BOOTSTRAP = 'http://bootstrap:8000';

function member(id: string, url: string, state: MemberState = 'alive'): Member {
  return { id, url, state } as Member;
}

function urls(): MemberUrls {
  return new MemberUrls((url) => url === BOOTSTRAP);
}

describe('URLs of members', () => {
  it('are dialled once, whatever becomes of a living or dead member', () => {
    const known = urls();
    expect(known.update(member('B', 'http://b'))).toEqual({ keep: 'http://b' });
    expect(known.update(member('B', 'http://b', 'suspect'))).toEqual({});
    expect(known.update(member('B', 'http://b', 'dead'))).toEqual({});
    expect(known.includes('http://b')).toBe(true);
  });

  it('follow a member that moves', () => {
    const known = urls();
    known.update(member('B', 'http://b'));
    expect(known.update(member('B', 'http://elsewhere'))).toEqual({ forget: 'http://b', keep: 'http://elsewhere' });
  });

  it('are given up when their member left or is forgotten', () => {
    const known = urls();
    known.update(member('B', 'http://b'));
    known.update(member('C', 'http://c'));
    expect(known.update(member('B', 'http://b', 'left'))).toEqual({ forget: 'http://b' });
    expect(known.forget('C')).toEqual({ forget: 'http://c' });
    expect(known.forget('C')).toEqual({});
    expect(known.count).toBe(0);
  });

  it('are not given up when the settings or another member want them', () => {
    const known = urls();
    known.update(member('B', BOOTSTRAP));
    expect(known.forget('B')).toEqual({});
    known.update(member('C', 'http://c', 'dead'));
    known.update(member('new C', 'http://c'));
    expect(known.forget('C')).toEqual({});
    expect(known.includes('http://c')).toBe(true);
  });

  it('are tried now and then when their member is forgotten but may still be there, and no more once it moved', () => {
    const known = urls();
    known.update(member('B', 'http://b', 'dead'));
    expect(known.outlive('B')).toEqual({ keepRarely: 'http://b' });
    expect(known.includes('http://b')).toBe(true);
    expect(known.update(member('B', 'http://elsewhere'))).toEqual({ forget: 'http://b', keep: 'http://elsewhere' });
    known.update(member('C', 'http://c', 'dead'));
    known.outlive('C');
    expect(known.update(member('C', 'http://c'))).toEqual({ keep: 'http://c' });
  });

  it('are remembered in a bounded number, and the oldest given up', () => {
    const known = urls();
    for (let id = 0; id <= OLD_URLS_MAX; id++) known.update(member(`${id}`, `http://n${id}`, 'dead'));
    for (let id = 0; id < OLD_URLS_MAX; id++) expect(known.outlive(`${id}`)).toEqual({ keepRarely: `http://n${id}` });
    const last = `${OLD_URLS_MAX}`;
    expect(known.outlive(last)).toEqual({ forget: 'http://n0', keepRarely: `http://n${last}` });
  });
});
