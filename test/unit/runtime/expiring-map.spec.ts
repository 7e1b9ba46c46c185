import { describe, expect, it } from 'vitest';
import { ExpiringMap } from '../../../src/runtime/expiring-map.js';

describe('a map whose entries expire', () => {
  it('gives back what was set, until its time is over', () => {
    const map = new ExpiringMap<string, number>({ keptMs: 10, sizeMax: 5 });
    map.set('a', 1, 100);
    expect([map.get('a', 109), map.get('a', 110), map.get('b', 100)]).toEqual([1, undefined, undefined]);
  });

  it('counts the time anew when a key is set again', () => {
    const map = new ExpiringMap<string, number>({ keptMs: 10, sizeMax: 5 });
    map.set('a', 1, 0);
    map.set('a', 2, 9);
    expect([map.get('a', 18), map.get('a', 19)]).toEqual([2, undefined]);
  });

  it('lets go the one that was set longest ago at its bound', () => {
    const map = new ExpiringMap<string, number>({ keptMs: 10, sizeMax: 2 });
    for (const key of ['a', 'b', 'a', 'c']) map.set(key, 0, 0);
    expect(['a', 'b', 'c'].map((key) => map.get(key, 0))).toEqual([0, undefined, 0]);
  });

  it('makes no room by what has expired already', () => {
    const map = new ExpiringMap<string, number>({ keptMs: 10, sizeMax: 2 });
    map.set('a', 0, 0);
    map.set('b', 0, 5);
    map.set('c', 0, 12);
    expect(['b', 'c'].map((key) => map.get(key, 12))).toEqual([0, 0]);
  });

  it('forgets a key that is deleted', () => {
    const map = new ExpiringMap<string, number>({ keptMs: 10, sizeMax: 2 });
    map.set('a', 1, 0);
    map.delete('a');
    expect(map.get('a', 0)).toBeUndefined();
  });
});
