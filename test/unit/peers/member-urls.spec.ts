import { describe, expect, it } from 'vitest';
import type { Member, MemberState } from '../../../src/peers/membership/member.js';
import { MemberUrls } from '../../../src/peers/links/member-urls.js';

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
});
