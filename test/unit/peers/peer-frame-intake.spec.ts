import { setImmediate } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Settings } from '../../../src/config/settings.js';
import { IdentityService } from '../../../src/crypto/identity.service.js';
import { RecordsService } from '../../../src/crypto/records.service.js';
import { Directory } from '../../../src/peers/membership/directory.js';
import type { InterestSegment } from '../../../src/peers/interest/interest-segment.js';
import { CountsByName } from '../../../src/peers/links/link-counters.js';
import { MembershipCore } from '../../../src/peers/membership/membership.js';
import type { MembershipInput } from '../../../src/peers/membership/membership-ports.js';
import { encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import { PeerFrameIntake } from '../../../src/peers/membership/peer-frame-intake.adapter.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { PROFILES } from '../../../src/peers/membership/profile.js';
import { StatementSignatures } from '../../../src/peers/membership/statement-signatures.service.js';
import type { Misbehaviour } from '../../../src/peers/quarantine/misbehaviour.js';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';
import { Random } from '../../../src/runtime/random.js';
import { allowListOf } from '../crypto/node-fixture.js';

interface Party {
  readonly id: string;
  readonly signatures: StatementSignatures;
  readonly own: Awaited<ReturnType<StatementSignatures['signRecord']>>;
}

async function partyOf(name: string, clusterSecret = 'the secret of the cluster under test'): Promise<Party> {
  const settings = Object.assign(new Settings(), { name, clusterSecret });
  const identity = new IdentityService(settings, new DataFolder(undefined));
  await identity.onModuleInit();
  const signatures = new StatementSignatures(identity, new RecordsService(settings, identity, allowListOf(settings)));
  const fields = { name, url: `http://${name}`, epoch: 1, incarnation: 0, status: 'alive' } as const;
  return { id: identity.id, signatures, own: await signatures.signRecord(fields) };
}

describe('what peers send to membership', () => {
  let self: Party;
  let peer: Party;
  let third: Party;
  let directory: Directory;
  let intake: PeerFrameIntake;
  let fed: MembershipInput[];
  let sent: PeerFrame[];
  let refused: CountsByName;
  let blamed: Misbehaviour[];
  let nowMs: number;

  beforeAll(async () => {
    [self, peer, third] = await Promise.all([partyOf('self'), partyOf('peer'), partyOf('third')]);
  });

  beforeEach(() => {
    directory = new Directory(self.own);
    const core = new MembershipCore(directory, PROFILES.local, new Random(1));
    fed = [];
    blamed = [];
    nowMs = 0;
    sent = [];
    refused = new CountsByName();
    intake = new PeerFrameIntake({
      directory,
      core,
      signatures: self.signatures,
      wallMs: () => 0,
      nowMs: () => nowMs,
      wakeAt: () => undefined,
      misbehaved: (_peer, misbehaviour) => void blamed.push(misbehaviour),
      feed: (input) => {
        fed.push(input);
        for (const output of core.handle(input, 0)) if (output.type === 'send') sent.push(output.frame);
      },
    });
    const { record, jws } = peer.own;
    core.handle({ type: 'linkUp', peer: { id: peer.id, record, recordJws: jws } }, 0);
  });

  function receive(frame: PeerFrame): void {
    intake.receive(peer.id, encodePeerFrame(frame), refused);
  }

  /** A frame that is taken in order behind all that was received before. */
  async function untilTaken(): Promise<void> {
    receive({ type: 'known', epoch: 1, version: 99 });
    await expect.poll(() => fed.at(-1)).toMatchObject({ type: 'frame', frame: { version: 99 } });
    fed.pop();
  }

  function recordsOf(jws: string): PeerFrame {
    return { type: 'records', items: [{ jws, state: 'alive', stateAgeMs: 0 }] };
  }

  function segmentOf(subject: Party, signer = subject): PeerFrame {
    const segment: InterestSegment = {
      subject: subject.id,
      epoch: 1,
      base: 0,
      version: 1,
      added: [{ pattern: 'chat', sinceMs: 0 }],
      removed: [],
    };
    return { type: 'segments', segments: [signer.signatures.signSegment(segment).bytes] };
  }

  function accusationBy(accuser: Party, signer = accuser): PeerFrame {
    const accusation = { subject: self.id, epoch: 1, incarnation: 0, state: 'suspect', accuser: accuser.id } as const;
    return { type: 'accusations', accusations: [signer.signatures.signAccusation(accusation)] };
  }

  it('is fed when it is signed by whom it should be, in the order it came', async () => {
    receive(recordsOf(third.own.jws));
    receive(segmentOf(third));
    receive(accusationBy(third));
    await untilTaken();
    expect(fed.map(({ type }) => type)).toEqual(['record', 'segment', 'accusation']);
    expect(fed[0]).toMatchObject({ from: peer.id, record: { id: third.id }, seen: { state: 'alive' } });
    expect(directory.interested('chat')).toEqual([third.id]);
    expect(refused.entries()).toEqual([]);
  });

  it('is refused and counted when somebody else signed it', async () => {
    receive(recordsOf(third.own.jws));
    receive(segmentOf(third, peer));
    receive(accusationBy(third, peer));
    receive(recordsOf(`${third.own.jws.slice(0, -8)}AAAAAAAA`));
    await untilTaken();
    expect(fed.map(({ type }) => type)).toEqual(['record']);
    expect(refused.entries()).toEqual([
      ['interest', 1],
      ['accusation', 1],
      ['record', 1],
    ]);
    expect(blamed).toEqual(['forged-statement', 'forged-statement', 'forged-statement']);
    expect(directory.interested('chat')).toEqual([]);
  });

  it('is refused when it is the record of a node that does not know the secret', async () => {
    const stranger = await partyOf('stranger', 'another secret that is long enough, too');
    receive(recordsOf(stranger.own.jws));
    await untilTaken();
    expect(fed).toEqual([]);
    expect(refused.of('record')).toBe(1);
    // Where it came from the secret may be another one, or the list.
    expect(blamed).toEqual([]);
    expect(directory.member(stranger.id)).toBeUndefined();
  });

  it('asks for the record of a node that it has a statement of, but no key', async () => {
    receive(segmentOf(third));
    receive(accusationBy(third));
    await untilTaken();
    expect(fed.map(({ type }) => type)).toEqual(['stranger', 'stranger']);
    // Once: what is on its way is not asked for again.
    expect(sent).toEqual([{ type: 'sync-request', ids: [third.id] }]);
  });

  it('is not verified again when it is known', async () => {
    receive(recordsOf(peer.own.jws));
    receive(segmentOf(peer));
    receive(segmentOf(peer));
    await untilTaken();
    expect(fed.map(({ type }) => type)).toEqual(['segment']);
    expect(refused.entries()).toEqual([]);
  });

  it('is taken in piece by piece when it is more interest than any node has, again and again', async () => {
    receive(recordsOf(third.own.jws));
    await untilTaken();
    fed.length = 0;
    const added = Array.from({ length: 4_000 }, (_, at) => ({ pattern: `${'long'.repeat(10)}.${at}`, sinceMs: 0 }));
    for (let version = 1; version <= 30; version++) {
      const segment: InterestSegment = { subject: third.id, epoch: 1, base: 0, version, added, removed: [] };
      receive({ type: 'segments', segments: [third.signatures.signSegment(segment).bytes] });
    }
    await expect.poll(() => fed.length).toBeGreaterThan(0);
    // As often as the queue gets a turn: there is no allowance for more.
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    expect(fed.length).toBeLessThan(15);
    for (let minute = 0; minute < 10; minute++) {
      nowMs += 60_000;
      intake.wake();
      for (let turn = 0; turn < 50; turn++) await setImmediate();
    }
    expect(fed).toHaveLength(30);
  });

  it('lets probes overtake what is still being verified', async () => {
    receive(recordsOf(third.own.jws));
    receive({ type: 'ping', probe: 7, digest: directory.digest() });
    expect(fed).toMatchObject([{ type: 'frame', peer: peer.id, frame: { type: 'ping', probe: 7 } }]);
    await untilTaken();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an unknown type', Buffer.from([200])],
    ['half a ping', Buffer.from([0, 1, 2])],
  ])('is refused and counted when it is %s', (_what, bytes) => {
    intake.receive(peer.id, bytes, refused);
    expect(fed).toEqual([]);
    expect(refused.entries()).toHaveLength(1);
    expect(blamed).toEqual(['malformed-frame']);
  });

  it('is refused and counted when it names another node than the one whose key signed it', async () => {
    const fields = { name: 'self', url: 'http://self', epoch: 9, incarnation: 7, status: 'left' } as const;
    const { jws } = await third.signatures.signRecord(fields);
    const [header, payload, signature] = jws.split('.') as [string, string, string];
    const stolen = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), id: self.id };
    const forged = [header, Buffer.from(JSON.stringify(stolen)).toString('base64url'), signature].join('.');
    receive(recordsOf(forged));
    await untilTaken();
    expect(fed).toEqual([]);
    expect(blamed).toEqual(['forged-statement']);
    expect(directory.member(self.id)).toMatchObject({ state: 'alive', epoch: 1 });
  });

  it('is not answered when it is more probes than any healthy peer sends, until time has passed', () => {
    const probe = (number: number): void => receive({ type: 'ping', probe: number, digest: directory.digest() });
    for (let number = 2; number < 5_000; number++) probe(number);
    const answered = sent.filter(({ type }) => type === 'ack').length;
    expect(answered).toBe(1_024);
    expect(refused.of('too-many-probes')).toBe(4_998 - 1_024);
    nowMs = 1_000;
    probe(9_000);
    expect(sent.at(-1)).toMatchObject({ type: 'ack', probe: 9_000 });
  });
});
