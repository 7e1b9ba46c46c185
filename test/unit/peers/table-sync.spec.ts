import { describe, expect, it } from 'vitest';
import { decodeSegment } from '../../../src/peers/interest/interest-segment.js';
import { LANE_BYTES_MAX } from '../../../src/peers/links/link-queue.js';
import { MembershipCore } from '../../../src/peers/membership/membership.js';
import type { MembershipCoreInput, MembershipCoreOutput } from '../../../src/peers/membership/membership-ports.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';
import { decodePeerFrame, encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { PROFILES } from '../../../src/peers/membership/profile.js';
import { Random } from '../../../src/runtime/random.js';
import { directoryOf, idOf, jwsOf, recordOf, signed } from './statements-of.js';

/** What waits in one direction may not be more than a quarter of what its lane holds: others want to use it, too. */
const WAITING_BYTES_MAX = LANE_BYTES_MAX.control / 4;

/** One end of a link between two membership cores. */
class End {
  readonly directory;
  readonly core;
  /** Frames on their way to the other end. */
  sent: Buffer[] = [];
  mostBytes = 0;

  constructor(
    readonly number: number,
    readonly peer: number,
  ) {
    this.directory = directoryOf(number);
    this.core = new MembershipCore(this.directory, PROFILES.local, new Random(1));
  }

  link(): void {
    const record = recordOf(this.peer);
    this.handle({ type: 'linkUp', peer: { id: record.id, record, recordJws: jwsOf(record) } });
  }

  handle(input: MembershipCoreInput, nowMs = 0): void {
    for (const output of this.core.handle(input, nowMs)) this.#carryOut(output);
  }

  receive(frames: readonly Buffer[]): void {
    for (const bytes of frames) {
      const frame = decodePeerFrame(bytes);
      if (!frame.ok) throw new Error(frame.reason);
      for (const input of inputsOf(idOf(this.peer), frame.value)) this.handle(input);
    }
  }

  takeSent(): Buffer[] {
    return this.sent.splice(0);
  }

  #carryOut(output: MembershipCoreOutput): void {
    if (output.type !== 'send' || !output.peers.includes(idOf(this.peer))) return;
    this.sent.push(encodePeerFrame(output.frame));
    const bytes = this.sent.reduce((sum, frame) => sum + frame.length, 0);
    this.mostBytes = Math.max(this.mostBytes, bytes);
  }
}

function inputsOf(from: string, frame: PeerFrame): MembershipCoreInput[] {
  switch (frame.type) {
    case 'records':
      return frame.items.map((seen) => ({ type: 'record', from, record: JSON.parse(seen.jws), jws: seen.jws, seen }));
    case 'segments':
      return frame.segments.flatMap((bytes) => {
        const segment = decodeSegment(bytes);
        return segment.ok ? [{ type: 'segment', from, segment: segment.value }] : [];
      });
    case 'accusations':
      return [];
    default:
      return [{ type: 'frame', peer: from, frame, wallMs: 0 }];
  }
}

/** Hands what waits to the other end until nothing is on its way; how often that took. */
function settle(a: End, b: End): number {
  let turns = 0;
  while (a.sent.length + b.sent.length > 0 && turns < 1_000) {
    const [toB, toA] = [a.takeSent(), b.takeSent()];
    a.receive(toA);
    b.receive(toB);
    turns++;
  }
  return turns;
}

function fill(end: End, members: number, patterns: number): void {
  const added = Array.from({ length: patterns }, (_, index) => ({
    pattern: `a.topic.of.some.length.${index}`.padEnd(32, 'x'),
    sinceMs: 0,
  }));
  for (let number = 2; number < 2 + members; number++) {
    const id = nodeIdFrom(Buffer.concat([Buffer.alloc(28, 7), uint32(number)]));
    const record = { ...recordOf(2), id };
    end.directory.putRecord(record, jwsOf(record), { state: 'alive', sinceMs: 0 });
    end.directory.mergeSegment(signed({ subject: id, epoch: 1, base: 0, version: 1, added, removed: [] }));
  }
}

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

describe('two tables', () => {
  it.each([
    ['of few nodes that want much', 32, 4_096],
    ['of many nodes that want little', 4_000, 1],
  ])('%s become equal without filling the link, whichever end is behind', (_what, members, patterns) => {
    for (const isLowerBehind of [true, false]) {
      const [a, b] = [new End(0, 1), new End(1, 0)];
      fill(isLowerBehind ? b : a, members, patterns);
      a.link();
      b.link();
      settle(a, b);
      expect(a.directory.members()).toHaveLength(members + 2);
      expect(a.directory.digest()).toBe(b.directory.digest());
      expect(Math.max(a.mostBytes, b.mostBytes)).toBeLessThan(WAITING_BYTES_MAX);
    }
  });

  it('that differ by a little are equal after one answer', () => {
    const [a, b] = [new End(0, 1), new End(1, 0)];
    fill(b, 4, 2);
    a.link();
    b.link();
    const [toB, toA] = [a.takeSent(), b.takeSent()];
    b.receive(toB);
    a.receive([...toA, ...b.takeSent()]);
    expect(a.directory.members()).toHaveLength(6);
    expect(a.directory.rows({ after: '', limit: 10, isShown: () => true })).toHaveLength(2);
  });
});
