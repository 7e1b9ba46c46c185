import { describe, expect, it } from 'vitest';
import {
  acknowledgedIsKept,
  both,
  nothingComesTwice,
  nothingIsSkipped,
  orderIsKept,
  verdictOf,
} from '../../chaos/invariants.js';
import type { Accepted, Told } from '../../chaos/ledger.js';

/** A subscriber of `chat` that got these seqs of one stream; a value is ten times its seq. */
function told(seqs: readonly number[], gaps: Told['gaps'] = []): Told {
  const received = seqs.map((seq) => ({ value: seq * 10, stream: 's', seq, latencyMs: 1, atMs: 0 }));
  return { subscriber: 'socket A', topic: 'chat', received, gaps };
}

function accepted(seq: number, topic = 'chat'): Accepted {
  const place = { stream: 's', seq, id: `s.${seq}` };
  return { value: seq * 10, topic, level: 'all', confirmed: 4, node: 'A', ...place, sentMs: 0 };
}

function copy(...values: number[]): { node: string; topic: string; values: Set<number> } {
  return { node: 'B', topic: 'chat', values: new Set(values) };
}

describe('what chaos checks', () => {
  it('is met when everything accepted is in the logs and with the subscribers', () => {
    const verdict = acknowledgedIsKept([accepted(1), accepted(2)], [copy(10, 20)], [told([1, 2])]);
    expect(verdict).toEqual({ isMet: true, figure: '0 of 2 lost' });
  });

  it('notices an accepted message that a log lost, and names it', () => {
    const verdict = acknowledgedIsKept([accepted(1), accepted(2)], [copy(10)], [told([1, 2])]);
    expect(verdict).toEqual({ isMet: false, figure: '1: s.2 (all, by A) at B (B: 1)' });
  });

  it('notices an accepted message that a subscriber never got, even when it was told a gap', () => {
    const gaps = [{ stream: 's', from: 2, to: 2 }];
    const verdict = acknowledgedIsKept([accepted(1), accepted(2)], [copy(10, 20)], [told([1], gaps)]);
    expect(verdict).toEqual({ isMet: false, figure: '1: s.2 (all, by A) at socket A (socket A: 1)' });
  });

  it('does not miss messages of topics that a node does not want', () => {
    expect(acknowledgedIsKept([accepted(1, 'news')], [copy()], [told([])]).isMet).toBe(true);
  });

  it('forgives what the case says may be lost', () => {
    const verdict = acknowledgedIsKept([accepted(1)], [copy()], [], ({ value }) => value === 10);
    expect(verdict.isMet).toBe(true);
  });

  it('notices a message that comes after a later one', () => {
    expect(orderIsKept([told([1, 2, 3])]).isMet).toBe(true);
    expect(orderIsKept([told([1, 3, 2])])).toEqual({ isMet: false, figure: '1: s.2 after 3 at socket A' });
  });

  it('notices a message that comes twice', () => {
    expect(nothingComesTwice([told([1, 2, 3])]).isMet).toBe(true);
    expect(nothingComesTwice([told([1, 2, 2])])).toEqual({ isMet: false, figure: '1: s.2 again at socket A' });
  });

  it('notices a retried publication that comes again in another stream', () => {
    const again = { value: 20, stream: 'other', seq: 1, latencyMs: 1, atMs: 0 };
    const { received } = told([1, 2]);
    expect(nothingComesTwice([{ ...told([]), received: [...received, again] }]).isMet).toBe(false);
  });

  it('notices a skip that nobody told of, and none that was told', () => {
    expect(nothingIsSkipped([told([1, 2, 5])])).toEqual({ isMet: false, figure: '1: s: 5 after 2 at socket A' });
    expect(nothingIsSkipped([told([1, 2, 5], [{ stream: 's', from: 3, to: 4 }])]).isMet).toBe(true);
    expect(nothingIsSkipped([told([1, 2, 5], [{ stream: 's', from: 3, to: 3 }])]).isMet).toBe(false);
  });

  it('takes a subscriber where it begins', () => {
    expect(nothingIsSkipped([told([7, 8])]).isMet).toBe(true);
  });

  it('takes what is broken before what holds, and shows at most three examples', () => {
    const broken = verdictOf(['a', 'b', 'c', 'd'], 'fine');
    expect(broken.figure).toBe('4: a, b, c');
    expect(both(verdictOf([], 'fine'), broken)).toBe(broken);
    expect(both(verdictOf([], 'fine'), verdictOf([], 'well')).figure).toBe('fine');
  });
});
