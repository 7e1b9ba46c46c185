import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccusationBook } from '../../../src/peers/membership/accusation-book.js';
import { Directory } from '../../../src/peers/membership/directory.js';
import { decodeSegment, type SignedInterestSegment } from '../../../src/peers/interest/interest-segment.js';
import { TableSync } from '../../../src/peers/membership/table-sync.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { directoryOf, idOf, jwsOf, recordOf, signed, snapshotOf } from './statements-of.js';

/** What a node has said of itself so far: its record, and its interest as snapshot and steps. */
interface Statement {
  readonly record: ReturnType<typeof recordOf>;
  readonly segments: readonly SignedInterestSegment[];
}

const statement: fc.Arbitrary<Statement> = fc
  .record({
    number: fc.nat({ max: 4 }),
    epoch: fc.integer({ min: 1, max: 3 }),
    incarnation: fc.nat({ max: 3 }),
    steps: fc.nat({ max: 4 }),
  })
  .map(({ number, epoch, incarnation, steps }) => {
    // A node has one history: whoever heard more of it heard the same and more.
    const segments = [snapshotOf(number, 1, [{ pattern: `own.${number}`, sinceMs: 1 }], epoch)];
    for (let base = 1; base <= steps; base++) {
      const added = [{ pattern: `step.${base}.${number}`, sinceMs: base }];
      const removed = base > 1 ? [`step.${base - 1}.${number}`] : [];
      segments.push(signed({ subject: idOf(number), epoch, base, version: base + 1, added, removed }));
    }
    // Leaving is the last thing that a life says.
    return { record: recordOf(number, epoch, incarnation, incarnation === 3 ? 'left' : 'alive'), segments };
  });

function learn(directory: Directory, { record, segments }: Statement): void {
  directory.putRecord(record, jwsOf(record), { state: 'alive', sinceMs: 0 });
  for (const segment of segments) directory.mergeSegment(segment);
}

function learned(statements: readonly Statement[]): Directory {
  const directory = directoryOf(9);
  for (const each of statements) learn(directory, each);
  return directory;
}

const ALL = { after: '', limit: 1_000, isShown: () => true };

function picture(directory: Directory): unknown {
  const topics = directory.members().flatMap(({ name }) => [`own.${name.slice(1)}`, `step.2.${name.slice(1)}`]);
  const audiences = topics.map((topic) => [topic, directory.interested(topic)]);
  return { members: directory.members(), rows: directory.rows(ALL), audiences, digest: directory.digest() };
}

describe('merging what nodes said', () => {
  it('gives the same directory in any order and with repeats', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 15 }), fc.infiniteStream(fc.nat()), (statements, keys) => {
        const shuffled = [...statements, ...statements]
          .map((each) => ({ each, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        expect(picture(learned(shuffled))).toEqual(picture(learned(statements)));
      }),
    );
  });

  it('gives equal digests for equal directories only', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), fc.array(statement, { maxLength: 6 }), (some, others) => {
        const [a, b] = [learned(some), learned(others)];
        const isSame = JSON.stringify(picture(a)) === JSON.stringify(picture(b));
        expect(a.digest() === b.digest()).toBe(isSame);
      }),
    );
  });

  it('is what an exchange of tables comes to, whoever begins', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 10 }), fc.array(statement, { maxLength: 10 }), (some, others) => {
        const [a, b] = [learned(some), learned(others)];
        exchange(a, b);
        expect(picture(a)).toEqual(picture(learned([...some, ...others])));
        expect(picture(b)).toEqual(picture(a));
      }),
    );
  });
});

function exchange(a: Directory, b: Directory): void {
  const [fromA, fromB] = [new TableSync(a, new AccusationBook()), new TableSync(b, new AccusationBook())];
  for (const page of fromA.pages()) {
    const answer = fromB.answer(page, 0);
    answer.frames.forEach((frame) => take(a, frame));
    const wanted = answer.wanted.map(({ id }) => id);
    fromA.tell(wanted, 0).forEach((frame) => take(b, frame));
  }
}

function take(directory: Directory, frame: PeerFrame): void {
  if (frame.type === 'records') {
    for (const { jws } of frame.items) {
      directory.putRecord(JSON.parse(jws) as Statement['record'], jws, { state: 'alive', sinceMs: 0 });
    }
  } else if (frame.type === 'segments') {
    for (const bytes of frame.segments) {
      const segment = decodeSegment(bytes);
      if (segment.ok) directory.mergeSegment(segment.value);
    }
  }
}
