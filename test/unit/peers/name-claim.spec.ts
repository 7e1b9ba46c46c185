import { describe, expect, it } from 'vitest';
import { judgeName, type Namesake } from '../../../src/peers/membership/name-claim.js';

const OWN = { id: 'M', epoch: 100 };

function namesake(id: string, epoch: number, heardMs?: number): Namesake {
  return { id, url: `http://${id}`, epoch, heardMs };
}

describe('the name of a node that starts', () => {
  it('is free when nobody has it', () => {
    expect(judgeName(OWN, [], 10)).toEqual({ type: 'free' });
  });

  it('is taken when a node of an earlier life has it and gave a sign of life since', () => {
    const holder = namesake('B', 50, 11);
    expect(judgeName(OWN, [namesake('A', 40, 9), holder], 10)).toEqual({ type: 'taken', holder });
  });

  it.each([
    ['never', undefined],
    ['only before it was claimed', 10],
  ])('is unclear when who has it was heard %s', (_when, heardMs) => {
    const holder = namesake('B', 50, heardMs);
    expect(judgeName(OWN, [holder], 10)).toEqual({ type: 'unclear', holder });
  });

  it('is given up by one alone of two that start at once', () => {
    const verdicts = [namesake('A', 100, 11), namesake('Z', 100, 11)].map((other) => judgeName(OWN, [other], 10).type);
    expect(verdicts).toEqual(['taken', 'free']);
    expect(judgeName(OWN, [namesake('A', 101, 11)], 10)).toEqual({ type: 'free' });
  });
});
