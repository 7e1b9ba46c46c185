import { beforeEach, describe, expect, it } from 'vitest';
import type { SyncEntry } from '../../../src/peers/membership/peer-frames.js';
import { TablePulls } from '../../../src/peers/membership/table-pulls.js';

describe('what is fetched from the tables of peers', () => {
  let sent: string[];
  let known: Set<string>;
  let pulls: TablePulls;

  beforeEach(() => {
    sent = [];
    known = new Set();
    pulls = new TablePulls({
      isFresherThere: ({ id }) => !known.has(id),
      send: (peer, frame) => sent.push(`${peer}: ${frame.type === 'sync-request' ? frame.ids.join(' ') : frame.type}`),
    });
    pulls.linked('P');
    pulls.linked('Q');
  });

  function want(peer: string, ids: readonly string[], nowMs = 0): void {
    const wanted = ids.map((id) => ({ id, entry: { id } as SyncEntry }));
    pulls.want(peer, wanted, nowMs);
  }

  /** What was sent since this was last asked. */
  function news(): string[] {
    return sent.splice(0);
  }

  it('is requested once at a time: the rest when the answer is through', () => {
    want('P', ['a', 'b']);
    want('P', ['c']);
    expect(news()).toEqual(['P: a b']);
    pulls.told('P', ['a'], 1);
    expect(news()).toEqual(['P: b c']);
    pulls.told('P', ['b', 'c'], 2);
    expect(news()).toEqual([]);
    expect(pulls.isPulling('P')).toBe(false);
  });

  it('is not requested of two peers at once, and of the second no more when the first has told it', () => {
    want('P', ['a', 'b']);
    want('Q', ['a', 'b', 'c']);
    expect(news()).toEqual(['P: a b', 'Q: c']);
    known.add('a');
    pulls.told('P', ['a'], 1);
    pulls.told('Q', ['c'], 2);
    expect(news()).toEqual(['P: b']);
    pulls.unlinked('P', 3);
    expect(news()).toEqual(['Q: b']);
  });

  it('is requested again, of another peer first, when no answer comes', () => {
    want('P', ['a']);
    want('Q', ['a']);
    pulls.retry(99, 100);
    expect(news()).toEqual(['P: a']);
    pulls.retry(100, 100);
    expect(news()).toEqual(['Q: a']);
  });

  it('does not go on with a peer that answers without telling anything', () => {
    want('P', ['a']);
    news();
    pulls.told('P', [], 1);
    pulls.told('P', ['z'], 1);
    expect(news()).toEqual([]);
  });

  it('is bounded, however much a peer says that it knows', () => {
    want(
      'P',
      Array.from({ length: 10_000 }, (_, index) => `n${index}`),
    );
    let ids = 0;
    for (let [request] = news(); request !== undefined; [request] = news()) {
      const asked = request.slice(3).split(' ');
      ids += asked.length;
      pulls.told('P', asked, 1);
    }
    expect(ids).toBe(4_096);
  });
});
