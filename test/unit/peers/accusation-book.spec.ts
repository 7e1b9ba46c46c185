import { describe, expect, it } from 'vitest';
import { AccusationBook } from '../../../src/peers/membership/accusation-book.js';
import { accusationBytes } from '../../../src/peers/membership/accusation.js';
import { accusationOf, idOf } from './statements-of.js';

describe('the book of accusations', () => {
  it('counts every accuser once', () => {
    const book = new AccusationBook();
    expect(book.add(accusationOf(9, 1))).toBe(true);
    expect(book.add(accusationOf(9, 1))).toBe(false);
    expect(book.add(accusationOf(9, 2))).toBe(true);
    expect(book.against(idOf(9)).map(({ accuser }) => accuser)).toEqual([idOf(1), idOf(2)]);
  });

  it('lets a verdict replace its accuser’s suspicion, and not the other way round', () => {
    const book = new AccusationBook();
    book.add(accusationOf(9, 1));
    expect(book.add(accusationOf(9, 1, { state: 'dead' }))).toBe(true);
    expect(book.add(accusationOf(9, 1))).toBe(false);
    expect(book.against(idOf(9)).map(({ state }) => state)).toEqual(['dead']);
  });

  it('keeps four accusers and no more', () => {
    const book = new AccusationBook();
    const added = [1, 2, 3, 4, 5, 6].map((accuser) => book.add(accusationOf(9, accuser)));
    expect(added).toEqual([true, true, true, true, false, false]);
    expect(book.isFull(idOf(9))).toBe(true);
  });

  it('drops what is said of an older incarnation when a fresher one is accused', () => {
    const book = new AccusationBook();
    book.add(accusationOf(9, 1));
    book.add(accusationOf(9, 2));
    expect(book.add(accusationOf(9, 3, { incarnation: 1 }))).toBe(true);
    expect(book.against(idOf(9)).map(({ accuser }) => accuser)).toEqual([idOf(3)]);
    expect(book.add(accusationOf(9, 1))).toBe(false);
  });
});

describe('the signed bytes of an accusation', () => {
  it('differ when any part differs', () => {
    const variants = [
      accusationOf(1, 2),
      accusationOf(2, 1),
      accusationOf(1, 3),
      accusationOf(1, 2, { epoch: 2 }),
      accusationOf(1, 2, { incarnation: 1 }),
      accusationOf(1, 2, { state: 'dead' }),
    ];
    expect(new Set(variants.map((accusation) => accusationBytes(accusation).toString('hex'))).size).toBe(
      variants.length,
    );
  });
});
