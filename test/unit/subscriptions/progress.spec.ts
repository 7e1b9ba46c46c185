import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURSOR_STREAMS_MAX } from '../../../src/subscriptions/cursor.js';
import { Progress } from '../../../src/subscriptions/progress.js';

const STREAMS = CURSOR_STREAMS_MAX + 8;

function filled(streams = STREAMS): Progress {
  return new Progress(Array.from({ length: streams }, (_, at) => [`stream ${at}`, 1] as const));
}

describe('progress', () => {
  it('hands out the streams that moved last, and those alone, as the end of all', () => {
    const move = fc.record({
      stream: fc.nat(STREAMS),
      seq: fc.nat(20),
      isForgotten: fc.boolean(),
      isRead: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 400 }), (moves) => {
        const progress = filled();
        for (const { stream, seq, isForgotten, isRead } of moves) {
          if (isForgotten) progress.forget(`stream ${stream}`);
          else progress.advance(`stream ${stream}`, seq);
          if (isRead) expect([...progress.recent()]).toEqual([...progress].slice(-CURSOR_STREAMS_MAX));
        }
      }),
    );
  });

  it('goes through all streams once, however often those that moved last are asked for', () => {
    const progress = filled();
    const first = progress.recent();
    progress.advance('stream 0', 2);
    progress.advance('stream 1', 2);
    expect(progress.recent()).toBe(first);
    expect([...first].slice(-2)).toEqual([
      ['stream 0', 2],
      ['stream 1', 2],
    ]);
  });
});
