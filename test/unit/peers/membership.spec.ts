import { beforeEach, describe, expect, it } from 'vitest';
import { MEMBERS_MAX } from '../../../src/peers/membership/directory.js';
import { MembershipCore } from '../../../src/peers/membership/membership.js';
import type {
  MembershipCoreInput,
  MembershipCoreOutput,
  MembershipTimer,
} from '../../../src/peers/membership/membership-ports.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';
import { PROFILES } from '../../../src/peers/membership/profile.js';
import { Random } from '../../../src/runtime/random.js';
import { accusationOf, directoryOf, idOf, jwsOf, recordOf, SIGNATURE, snapshotOf } from './statements-of.js';

const profile = PROFILES.local;
const [A, B, C] = [idOf(0), idOf(1), idOf(2)];

describe('the membership core', () => {
  let directory = directoryOf(0);
  let core = new MembershipCore(directory, profile, new Random(1));

  beforeEach(() => {
    directory = directoryOf(0);
    core = new MembershipCore(directory, profile, new Random(1));
    handle({ type: 'start' }, 0);
  });

  function handle(input: MembershipCoreInput, nowMs: number): readonly MembershipCoreOutput[] {
    const outputs = core.handle(input, nowMs);
    const accused = outputs.flatMap((output) => (output.type === 'accuse' ? [output.accusation] : []));
    const signed = accused.flatMap((accusation) =>
      handle({ type: 'accusation', from: A, accusation: { ...accusation, signature: SIGNATURE } }, nowMs),
    );
    return [...outputs, ...signed];
  }

  function linkUp(number: number, nowMs = 0): readonly MembershipCoreOutput[] {
    const record = recordOf(number);
    return handle({ type: 'linkUp', peer: { id: record.id, record, recordJws: jwsOf(record) } }, nowMs);
  }

  function frame(
    peer: string,
    sent: Extract<MembershipCoreInput, { type: 'frame' }>['frame'],
    nowMs: number,
    wallMs = 0,
  ) {
    return handle({ type: 'frame', peer, frame: sent, wallMs }, nowMs);
  }

  /** The number of the probe that `peer` is sent. */
  function probeIn(outputs: readonly MembershipCoreOutput[], peer = B): number {
    const ping = framesTo(peer, outputs).find((sent) => sent.type === 'ping' && sent.probe > 1);
    return (ping as { probe: number }).probe;
  }

  it('takes a linked peer for alive and shows it its table', () => {
    const outputs = linkUp(1);
    expect(directory.member(B)?.state).toBe('alive');
    expect(framesTo(B, outputs).map((sent) => sent.type)).toContain('sync-page');
  });

  it('measures the round trip and the other clock as soon as a link is up', () => {
    const ack = { type: 'ack', probe: probeIn(linkUp(1, 100)), digest: 'AAAAAAAAAAA', wallMs: 5_010 } as const;
    const measured = { type: 'measured', peer: B, rttMs: 20, clockOffsetMs: 2_020 };
    expect(frame(B, ack, 120, 3_000)).toContainEqual(measured);
  });

  it('measures anew over the next link, though a probe over the last one was not answered', () => {
    const former = probeIn(linkUp(1));
    handle({ type: 'linkDown', peer: B }, 10);
    expect(probeIn(linkUp(1, 20))).toBeGreaterThan(former);
  });

  it('gives a link up that is silent a few times in a row while others reach its peer, if nothing came over it meanwhile', () => {
    let probe = probeIn(linkUp(1, 100));
    linkUp(2, 100);
    let nowMs = 100;
    let outputs: readonly MembershipCoreOutput[] = [];
    for (let silences = 1; silences <= profile.staleProbes; silences++) {
      nowMs += profile.probeTimeoutMs;
      handle({ type: 'timer', timer: { kind: 'probe-timeout', dueMs: nowMs, probe } }, nowMs);
      nowMs += 10;
      outputs = frame(C, { type: 'ping-result', probe, target: B, isReachable: true }, nowMs);
      if (silences < profile.staleProbes) probe = probeIn(outputs);
    }
    expect(outputs).toContainEqual({ type: 'close', peer: B, reason: 'stale', silentSinceMs: 100 });
    expect(framesTo(B, outputs)).toEqual([]);
  });

  it('keeps a link over which one of the acks came', () => {
    let probe = probeIn(linkUp(1));
    linkUp(2);
    const silent = (nowMs: number): readonly MembershipCoreOutput[] => {
      handle({ type: 'timer', timer: { kind: 'probe-timeout', dueMs: nowMs, probe } }, nowMs);
      return frame(C, { type: 'ping-result', probe, target: B, isReachable: true }, nowMs);
    };
    for (let missed = 1; missed < profile.staleProbes; missed++) probe = probeIn(silent(missed * 160));
    frame(B, { type: 'ack', probe, digest: 'AAAAAAAAAAA', wallMs: 0 }, 500);
    const outputs = handle({ type: 'timer', timer: { kind: 'period', dueMs: profile.periodMs } }, 510);
    const next = [...outputs, ...handle({ type: 'timer', timer: { kind: 'period', dueMs: 900 } }, 900)];
    probe = probeIn(next);
    expect(silent(1_100).filter(({ type }) => type === 'close')).toEqual([]);
  });

  it('says once per link that both directories are equal', () => {
    linkUp(1);
    const ping = { type: 'ping', probe: 0, digest: directory.digest() } as const;
    expect(frame(B, ping, 1)).toContainEqual({ type: 'synced', peer: B });
    expect(frame(B, ping, 2)).not.toContainEqual({ type: 'synced', peer: B });
  });

  it('compares tables when a digest differs twice in a row', () => {
    linkUp(1);
    const ping = { type: 'ping', probe: 0, digest: 'AAAAAAAAAAA' } as const;
    expect(framesTo(B, frame(B, ping, 1_000)).map(({ type }) => type)).not.toContain('sync-page');
    expect(framesTo(B, frame(B, ping, 1_001)).map(({ type }) => type)).toContain('sync-page');
  });

  it('acquits whom others accuse when it has heard of the accused itself in the meantime', () => {
    linkUp(1);
    linkUp(2);
    const outputs = handle({ type: 'accusation', from: C, accusation: accusationOf(1, 2) }, 10);
    expect(directory.member(B)?.state).toBe('suspect');
    frame(B, { type: 'ping', probe: 5, digest: directory.digest() }, 200);
    const timer = suspicionOf(outputs);
    const verdict = handle({ type: 'timer', timer }, timer.dueMs);
    expect(directory.member(B)?.state).toBe('alive');
    // The others would go on: the accused is told, and refutes.
    expect(framesTo(B, verdict).map(({ type }) => type)).toContain('accusations');
  });

  it('condemns for itself, closes the link and accuses when nothing was heard', () => {
    linkUp(1);
    linkUp(2);
    const timer = suspicionOf(handle({ type: 'accusation', from: C, accusation: accusationOf(1, 2) }, 10));
    const verdict = handle({ type: 'timer', timer }, timer.dueMs);
    expect(directory.member(B)?.state).toBe('dead');
    expect(verdict).toContainEqual({ type: 'close', peer: B, reason: 'stale' });
    const accusation = { subject: B, epoch: 1, incarnation: 0, state: 'dead', accuser: A };
    expect(verdict).toContainEqual({ type: 'accuse', accusation });
  });

  it('does not take somebody else’s verdict for its own', () => {
    linkUp(1);
    linkUp(2);
    handle({ type: 'accusation', from: C, accusation: accusationOf(1, 2, { state: 'dead' }) }, 10);
    expect(directory.member(B)?.state).toBe('suspect');
  });

  it('does not judge by a timer that comes late, for it stood still itself', () => {
    linkUp(1);
    linkUp(2);
    const timer = suspicionOf(handle({ type: 'accusation', from: C, accusation: accusationOf(1, 2) }, 10));
    handle({ type: 'timer', timer }, timer.dueMs + 500);
    expect(directory.member(B)?.state).toBe('suspect');
    expect(core.health).toBe(1);
  });

  it('notices by its beat that it stood still, and gives the suspected that time on top', () => {
    linkUp(1);
    linkUp(2);
    const timer = suspicionOf(handle({ type: 'accusation', from: C, accusation: accusationOf(1, 2) }, 10));
    const beat = { kind: 'beat', dueMs: profile.lagMs } as const;
    const outputs = handle({ type: 'timer', timer: beat }, 700);
    expect(core.health).toBe(1);
    const next = { type: 'schedule', afterMs: profile.lagMs, timer: { kind: 'beat', dueMs: 700 + profile.lagMs } };
    expect(outputs).toEqual([next]);
    handle({ type: 'timer', timer }, timer.dueMs);
    expect(directory.member(B)?.state).toBe('suspect');
    const excused = { ...timer, dueMs: timer.dueMs + 600 };
    handle({ type: 'timer', timer: excused }, excused.dueMs);
    expect(directory.member(B)?.state).toBe('dead');
  });

  it('tells how many live nodes know its newest interest', () => {
    linkUp(1);
    linkUp(2);
    handle({ type: 'segment', from: A, segment: snapshotOf(0, 1, [{ pattern: 'chat', sinceMs: 0 }]) }, 5);
    expect(core.known).toEqual({ by: 1, of: 3 });
    expect(frame(B, { type: 'known', epoch: 1, version: 1 }, 6)).toContainEqual({ type: 'knownChanged' });
    expect(core.known).toEqual({ by: 2, of: 3 });
    handle({ type: 'segment', from: A, segment: snapshotOf(0, 2, []) }, 7);
    expect(core.known).toEqual({ by: 1, of: 3 });
  });

  it('passes news on to all linked peers but the one it came from, and only once', () => {
    linkUp(1);
    linkUp(2);
    const record = recordOf(3);
    const input = { type: 'record', from: B, record, jws: jwsOf(record) } as const;
    const first = handle(input, 5);
    expect([framesTo(B, first).length, framesTo(C, first).map(({ type }) => type)]).toEqual([0, ['records']]);
    expect(handle(input, 6)).toEqual([]);
  });

  it('reports another process that speaks with its key in a later life', () => {
    linkUp(1);
    const record = recordOf(0, 9);
    expect(handle({ type: 'record', from: B, record, jws: jwsOf(record) }, 5)).toEqual([{ type: 'clashed', epoch: 9 }]);
  });

  describe('told of more nodes than there can be', () => {
    /** As an admitted peer may invent them: each with a key of its own. */
    function flood(count: number): readonly MembershipCoreOutput[] {
      const outputs: MembershipCoreOutput[] = [];
      for (let number = 10; number < 10 + count; number++) {
        const bytes = Buffer.alloc(32, 255);
        bytes.writeUInt32BE(number);
        const id = nodeIdFrom(bytes);
        const record = { ...recordOf(0), id };
        const seen = { state: 'alive', stateAgeMs: 0 } as const;
        outputs.push(...handle({ type: 'record', from: B, record, jws: jwsOf(record), seen }, 5));
      }
      return outputs;
    }

    it('keeps and passes on no more than its table holds', () => {
      linkUp(1);
      linkUp(2);
      const passedOn = framesTo(C, flood(2 * MEMBERS_MAX));
      expect(directory.members()).toHaveLength(MEMBERS_MAX);
      expect(passedOn.length).toBeLessThanOrEqual(MEMBERS_MAX);
      expect(core.membersRefused).toBeGreaterThan(MEMBERS_MAX);
    });

    it('takes in whoever comes in person, and probes those it has met as often as before', () => {
      const atLinkUp = probeIn(linkUp(1));
      frame(B, { type: 'ack', probe: atLinkUp, digest: directory.digest(), wallMs: 0 }, 1);
      flood(MEMBERS_MAX);
      const ofNewcomer = probeIn(linkUp(2, 10), C);
      frame(C, { type: 'ack', probe: ofNewcomer, digest: directory.digest(), wallMs: 0 }, 11);
      expect(directory.member(C)?.state).toBe('alive');
      expect(directory.members()).toHaveLength(MEMBERS_MAX);
      const probed = [1, 2].flatMap((period) => {
        const timer = { kind: 'period', dueMs: 1_000 * period } as const;
        const sent = handle({ type: 'timer', timer }, timer.dueMs);
        return [B, C].filter((peer) => framesTo(peer, sent).some((ping) => ping.type === 'ping' && ping.probe > 1));
      });
      expect(new Set(probed)).toEqual(new Set([B, C]));
    });
  });
});

function framesTo(peer: string, outputs: readonly MembershipCoreOutput[]): PeerFrame[] {
  return outputs.flatMap((output) => (output.type === 'send' && output.peers.includes(peer) ? [output.frame] : []));
}

function suspicionOf(outputs: readonly MembershipCoreOutput[]): MembershipTimer {
  const timers = outputs.flatMap((output) => (output.type === 'schedule' ? [output.timer] : []));
  return timers.find((timer) => timer.kind === 'suspicion')!;
}
