import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MembershipCore } from '../../../src/peers/membership/membership.js';
import type {
  MembershipCoreInput,
  MembershipCoreOutput,
  MembershipTimer,
} from '../../../src/peers/membership/membership-ports.js';
import { compareFreshness, isLiveState, type Freshness } from '../../../src/peers/membership/member.js';
import { PROFILES } from '../../../src/peers/membership/profile.js';
import { Random } from '../../../src/runtime/random.js';
import { TimerQueue } from '../../../src/runtime/timer-queue.js';
import { accusationOf, directoryOf, idOf, jwsOf, recordOf, SIGNATURE, snapshotOf } from './statements-of.js';

const SELF = 0;
const number = fc.nat({ max: 5 });
const other = fc.integer({ min: 1, max: 5 });
const small = fc.nat({ max: 3 });
const epoch = fc.integer({ min: 1, max: 2 });
const digest = fc.constantFrom('AAAAAAAAAAA', 'BBBBBBBBBBA');
const state = fc.constantFrom('alive', 'suspect', 'dead', 'left');

/** Whatever verified input a set of peers can come up with, honest or not. */
const input: fc.Arbitrary<MembershipCoreInput> = fc.oneof(
  fc.tuple(other, epoch, small).map(([n, e, i]): MembershipCoreInput => {
    const record = recordOf(n, e, i);
    return { type: 'linkUp', peer: { id: idOf(n), record, recordJws: jwsOf(record) } };
  }),
  other.map((n): MembershipCoreInput => ({ type: 'linkDown', peer: idOf(n) })),
  fc.tuple(other, number, epoch, small, state).map(([from, n, e, i, seenState]): MembershipCoreInput => {
    const record = recordOf(n, e, i, i === 3 && n !== SELF ? 'left' : 'alive');
    return { type: 'record', from: idOf(from), record, jws: jwsOf(record), seen: { state: seenState, stateAgeMs: 5 } };
  }),
  fc
    .tuple(other, number, other, epoch, small, fc.boolean())
    .map(([from, n, accuser, e, i, isDead]): MembershipCoreInput => {
      const accusation = accusationOf(n, accuser, { epoch: e, incarnation: i, state: isDead ? 'dead' : 'suspect' });
      return { type: 'accusation', from: idOf(from), accusation };
    }),
  fc.tuple(other, number, small).map(([from, n, version]): MembershipCoreInput => {
    const segment = snapshotOf(n, version + 1, [{ pattern: 'chat', sinceMs: 0 }]);
    return { type: 'segment', from: idOf(from), segment };
  }),
  fc.tuple(other, fc.nat({ max: 20 }), digest).map(([n, probe, text]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'ack', probe, digest: text, wallMs: 7 } };
  }),
  fc
    .tuple(other, number, fc.nat({ max: 20 }), fc.boolean())
    .map(([n, target, probe, isReachable]): MembershipCoreInput => {
      const frame = { type: 'ping-result', probe, target: idOf(target), isReachable } as const;
      return { type: 'frame', peer: idOf(n), wallMs: 5, frame };
    }),
  fc.tuple(other, number, small).map(([n, target, probe]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'ping-request', probe, target: idOf(target) } };
  }),
  fc.tuple(other, digest).map(([n, text]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'ping', probe: 2, digest: text } };
  }),
  fc.tuple(other, fc.array(number, { maxLength: 3 })).map(([n, ids]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'sync-request', ids: ids.map(idOf) } };
  }),
  fc.tuple(other, fc.array(number, { maxLength: 3 })).map(([n, ids]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'sync-told', ids: ids.map(idOf) } };
  }),
  fc.tuple(other, number).map(([n, id]): MembershipCoreInput => {
    return { type: 'stranger', from: idOf(n), id: idOf(id) };
  }),
  fc.constant<MembershipCoreInput>({ type: 'timer', timer: { kind: 'beat', dueMs: -1_000 } }),
  // The largest numbers that decoders let through.
  fc.tuple(other, fc.constantFrom(2 ** 53 - 1, 2 ** 48 - 1)).map(([n, huge]): MembershipCoreInput => {
    const record = recordOf(n, 2 ** 48 - 1, 2 ** 48 - 2);
    const seen = { state: 'dead', stateAgeMs: huge } as const;
    return { type: 'record', from: idOf(1), record, jws: jwsOf(record), seen };
  }),
  fc.tuple(other, fc.constantFrom(2 ** 53 - 1, 2 ** 48 - 1)).map(([n, huge]): MembershipCoreInput => {
    const frame = { type: 'ack', probe: huge, digest: 'AAAAAAAAAAA', wallMs: 2 ** 48 - 1 } as const;
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame };
  }),
  fc.tuple(other, fc.constantFrom(2 ** 53 - 1, 2 ** 48 - 1)).map(([n, version]): MembershipCoreInput => {
    return { type: 'frame', peer: idOf(n), wallMs: 5, frame: { type: 'known', epoch: 2 ** 48 - 1, version } };
  }),
);

const script = fc.array(fc.record({ input, afterMs: fc.nat({ max: 400 }) }), { maxLength: 60 });

/** The core with a driver that signs, rings timers in time, and looks at the invariants after each step. */
class Run {
  readonly directory = directoryOf(SELF);
  readonly core = new MembershipCore(this.directory, PROFILES.local, new Random(1));
  readonly #timers = new TimerQueue<MembershipTimer>();
  readonly #linked = new Set<string>();
  readonly #freshest = new Map<string, Freshness>();
  readonly outputs: MembershipCoreOutput[] = [];
  nowMs = 0;

  constructor() {
    this.handle({ type: 'start' });
  }

  handle(given: MembershipCoreInput): void {
    if (given.type === 'linkUp') this.#linked.add(given.peer.id);
    if (given.type === 'linkDown') this.#linked.delete(given.peer);
    const outputs = this.core.handle(given, this.nowMs);
    // A beat in time changes nothing, and there are many.
    if (outputs.length > 1 || outputs[0]?.type !== 'schedule') this.#check();
    for (const output of outputs) this.#carryOut(output);
  }

  advance(untilMs: number): void {
    for (let dueMs = this.#timers.nextDueMs; dueMs !== undefined && dueMs <= untilMs; dueMs = this.#timers.nextDueMs) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.handle({ type: 'timer', timer: this.#timers.takeDue(dueMs)! });
    }
    this.nowMs = untilMs;
  }

  #carryOut(output: MembershipCoreOutput): void {
    this.outputs.push(output);
    if (output.type === 'schedule') {
      // No timer of anybody's choosing: neither one that rings at once for ever nor one that never does.
      const isSound = output.afterMs >= 0 && output.afterMs <= PROFILES.local.forgetMs;
      if (!isSound) expect.fail(`a timer of ${output.afterMs} ms`);
      this.#timers.add(this.nowMs + output.afterMs, output.timer);
    }
    if (output.type === 'send') expect(output.peers.every((peer) => this.#linked.has(peer))).toBe(true);
    if (output.type === 'accuse') {
      expect(output.accusation.subject).not.toBe(idOf(SELF));
      this.handle({ type: 'accusation', from: idOf(SELF), accusation: { ...output.accusation, signature: SIGNATURE } });
    }
    if (output.type === 'incarnate') {
      const record = recordOf(SELF, 1, output.incarnation, output.status);
      this.handle({ type: 'record', from: idOf(SELF), record, jws: jwsOf(record) });
    }
  }

  #check(): void {
    for (const member of this.directory.members()) {
      const before = this.#freshest.get(member.id) ?? member;
      expect(compareFreshness(member, before)).toBeGreaterThanOrEqual(0);
      this.#freshest.set(member.id, { epoch: member.epoch, incarnation: member.incarnation });
    }
    expect(this.directory.member(idOf(SELF))?.state).toBe('alive');
    const { by, of } = this.core.known;
    expect(by).toBeLessThanOrEqual(of);
  }
}

function runOf(steps: readonly { input: MembershipCoreInput; afterMs: number }[]): Run {
  const run = new Run();
  for (const step of steps) {
    run.advance(run.nowMs + step.afterMs);
    run.handle(step.input);
  }
  return run;
}

describe('the membership core, whatever it is fed,', () => {
  it('keeps incarnations growing, itself alive, sends to linked peers only and never throws', () => {
    fc.assert(
      fc.property(script, (steps) => runOf(steps).advance(20_000)),
      { numRuns: 200 },
    );
  });

  it('refutes an accusation of its present incarnation with a higher one, and leaves invented ones alone', () => {
    fc.assert(
      fc.property(script, fc.nat({ max: 2 ** 48 }), (steps, above) => {
        const run = runOf(steps);
        const own = (): number => run.directory.member(idOf(SELF))!.incarnation;
        const before = own();
        const accuse = (incarnation: number): void =>
          run.handle({
            type: 'accusation',
            from: idOf(1),
            accusation: accusationOf(SELF, 1, { incarnation, state: 'dead' }),
          });
        accuse(before + 1 + above);
        expect(own()).toBe(before);
        accuse(before);
        expect(own()).toBe(before + 1);
      }),
    );
  });

  it('never lets a refuted suspicion kill', () => {
    fc.assert(
      fc.property(script, other, fc.nat({ max: 500 }), (steps, n, afterMs) => {
        const run = runOf(steps);
        const id = idOf(n);
        const before = run.directory.member(id) ?? recordOf(n);
        for (const accuser of [1, 2, 3, 4, 5].filter((each) => each !== n)) {
          const { epoch: life, incarnation } = before;
          const accusation = accusationOf(n, accuser, { epoch: life, incarnation });
          run.handle({ type: 'accusation', from: idOf(accuser), accusation });
        }
        run.advance(run.nowMs + afterMs);
        const refuted = recordOf(n, before.epoch, before.incarnation + 1);
        run.handle({ type: 'record', from: id, record: refuted, jws: jwsOf(refuted) });
        expect(run.directory.member(id)?.state).toBe('alive');
        // What is left of the old suspicion rings, but only new evidence of this node itself may count.
        const toldMs = run.nowMs;
        run.outputs.length = 0;
        run.advance(toldMs + 3_000);
        const diedAt = run.outputs.findIndex(
          (output) => output.type === 'memberChanged' && output.id === id && output.to === 'dead',
        );
        const suspectedAt = run.outputs.findIndex(
          (output) => output.type === 'memberChanged' && output.id === id && output.to === 'suspect',
        );
        if (diedAt >= 0) expect(suspectedAt).toBeGreaterThanOrEqual(0);
        if (diedAt >= 0) expect(suspectedAt).toBeLessThan(diedAt);
      }),
    );
  });

  it('forgets the dead and those who left after a day, and itself never', () => {
    fc.assert(
      fc.property(script, (steps) => {
        const run = runOf(steps);
        run.advance(run.nowMs + 10_000);
        const gone = run.directory.members().filter((member) => !isLiveState(member.state));
        run.advance(run.nowMs + 10);
        const dayMs = PROFILES.local.forgetMs;
        run.nowMs += dayMs;
        for (const { id } of gone) run.handle({ type: 'timer', timer: { kind: 'forget', dueMs: run.nowMs, id } });
        expect(gone.map(({ id }) => run.directory.member(id))).toEqual(gone.map(() => undefined));
        expect(run.directory.isLive(idOf(SELF))).toBe(true);
      }),
    );
  });
});

describe('leaving', () => {
  it('is over when the last linked peer has acknowledged it, and is not taken back by an accusation', () => {
    const run = new Run();
    const core = new MembershipCore(run.directory, PROFILES.local, new Random(1));
    const peer = recordOf(1);
    core.handle({ type: 'linkUp', peer: { id: peer.id, record: peer, recordJws: jwsOf(peer) } }, 0);
    expect(core.handle({ type: 'leave' }, 0)).toContainEqual({ type: 'incarnate', incarnation: 1, status: 'left' });
    const left = recordOf(SELF, 1, 1, 'left');
    const said = core.handle({ type: 'record', from: idOf(SELF), record: left, jws: jwsOf(left) }, 0);
    const ping = said.flatMap((output) =>
      output.type === 'send' && output.frame.type === 'ping' ? [output.frame] : [],
    )[0]!;
    const accused = core.handle(
      { type: 'accusation', from: peer.id, accusation: accusationOf(SELF, 1, { incarnation: 1 }) },
      1,
    );
    expect(accused).toEqual([]);
    const ack = { type: 'ack', probe: ping.probe, digest: ping.digest, wallMs: 0 } as const;
    const over = core.handle({ type: 'frame', peer: peer.id, wallMs: 0, frame: ack }, 2);
    expect(over).toContainEqual({ type: 'departed' });
  });

  it('does not wait for ever for a peer that does not answer', () => {
    const directory = directoryOf(SELF);
    const core = new MembershipCore(directory, PROFILES.local, new Random(1));
    const peer = recordOf(1);
    core.handle({ type: 'linkUp', peer: { id: peer.id, record: peer, recordJws: jwsOf(peer) } }, 0);
    core.handle({ type: 'leave' }, 0);
    const left = recordOf(SELF, 1, 1, 'left');
    const said = core.handle({ type: 'record', from: idOf(SELF), record: left, jws: jwsOf(left) }, 0);
    const timer = said
      .flatMap((output) => (output.type === 'schedule' ? [output.timer] : []))
      .find((each) => each.kind === 'leave-over')!;
    expect(core.handle({ type: 'timer', timer }, timer.dueMs)).toContainEqual({ type: 'departed' });
  });
});
