import { describe, expect, it } from 'vitest';
import type { BundleEntry } from '../../../src/gossip/store/bundle-store.js';
import { chooseLosses, type Overdue } from '../../../src/gossip/log/retention.js';
import { streamOf } from '../../../src/gossip/bundles/stream.js';

const first = streamOf('news', 'A'.repeat(43), 1);
const second = streamOf('news', 'A'.repeat(43), 2);

/** Bundles of two messages and 100 bytes each. */
function entry(stream: typeof first, arrival: number, firstSeq: number): BundleEntry {
  return { stream, firstSeq, lastSeq: firstSeq + 1, arrival, receivedAtMs: 1_000 + arrival, byteLength: 100 };
}

function choose(oldest: BundleEntry[], overdue: Partial<Overdue>, bundlesMax = 100): Record<string, number> {
  const losses = chooseLosses(
    {
      oldest,
      lowest: (stream) =>
        oldest.filter((one) => one.stream.id === stream).sort((one, other) => one.lastSeq - other.lastSeq),
      floorOf: () => 0,
      excessBytes: 0,
      excessMessages: 0,
      expiredBeforeMs: 0,
      ...overdue,
    },
    bundlesMax,
  );
  return Object.fromEntries([...losses].map(([stream, { floor }]) => [stream, floor]));
}

describe('retention', () => {
  const mixed = [entry(first, 1, 1), entry(second, 2, 1), entry(first, 3, 3), entry(second, 4, 3)];

  it('drops nothing within the bounds', () => {
    expect(choose(mixed, {})).toEqual({});
  });

  it('drops the oldest by arrival, as many as are too much', () => {
    expect(choose(mixed, { excessBytes: 1 })).toEqual({ [first.id]: 2 });
    expect(choose(mixed, { excessBytes: 101 })).toEqual({ [first.id]: 2, [second.id]: 2 });
    expect(choose(mixed, { excessMessages: 5 })).toEqual({ [first.id]: 4, [second.id]: 2 });
  });

  it('drops what is too old, however little it is', () => {
    expect(choose(mixed, { expiredBeforeMs: 1_003 })).toEqual({ [first.id]: 2, [second.id]: 2 });
  });

  it('spares the newer part of a stream whose older history came later', () => {
    const backfilled = [entry(first, 1, 5), entry(first, 2, 1), entry(first, 3, 3)];
    expect(choose(backfilled, { excessBytes: 1 })).toEqual({ [first.id]: 2 });
    expect(choose(backfilled, { excessMessages: 4 })).toEqual({ [first.id]: 4 });
  });

  it('drops what lies below a bundle that is too old', () => {
    const backfilled = [entry(first, 1, 5), entry(first, 2, 1), entry(first, 3, 3)];
    expect(choose(backfilled, { expiredBeforeMs: 1_002 })).toEqual({ [first.id]: 6 });
  });

  it('counts only messages above the floor', () => {
    expect(choose(mixed, { excessMessages: 2, floorOf: () => 1 })).toEqual({ [first.id]: 2, [second.id]: 2 });
  });

  it('stops at the bound of one slice', () => {
    expect(choose(mixed, { excessBytes: 1_000 }, 3)).toEqual({ [first.id]: 4, [second.id]: 2 });
  });
});
