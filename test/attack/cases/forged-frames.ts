import { setTimeout as sleep } from 'node:timers/promises';
import { readNodeRecord } from '../../../src/crypto/record-signature.js';
import type { NodeRecord } from '../../../src/crypto/node-record.js';
import { decodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import { atLeast, atMost, exactly } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import { eventually } from '../../e2e/eventually.js';
import type { AttackCase } from '../attack-case.js';
import { FORGERIES, hostileGrant, HOSTILE_ENVELOPES, type Forge } from '../forgeries.js';
import { HostilePeer, MEMBERSHIP } from '../hostile-peer.js';
import type { Victims } from '../victims.js';

const FRAMES = 300;

/** A16: what is forged is refused before it changes anything, counted, and its sender is shut out. */
export const forgedFrames: AttackCase = {
  id: 'A16',
  title: 'forged statements, bundles and envelopes of an admitted peer; a stranger with another secret',
  async run(victims) {
    await victims.remember(['M']);
    const { id: subject } = (await victims.cluster.node('B').status()).node;
    const [spared, unlinked]: [string[], string[]] = [[], []];
    const refusedBefore = await refusals(victims);
    const onlookers = await victims.onlookersDuring(async () => {
      for (const [kind, forge] of Object.entries(FORGERIES)) {
        const reason = await attack(victims, subject, forge);
        if (reason === undefined) spared.push(kind);
        else if (reason !== 'quarantined') unlinked.push(`${kind}: ${reason}`);
      }
      for (const header of Object.values(HOSTILE_ENVELOPES)) {
        await attack(victims, subject, (_by, _subject, nth) => hostileGrant(header, nth), 0);
      }
    });
    const refused = (await refusals(victims)) - refusedBefore;
    const quarantines = await victims.first.metric('grapevine_quarantines_total');
    const cpuMs = await verifyingMs(victims, subject);
    const stranger = await strangerIsLet(victims);
    return {
      'state of all others': await victims.unchanged(['M']),
      'forgeries counted as refused': atLeast(refused, Object.keys(FORGERIES).length * 5),
      'every kind ends the link': verdictOf([...spared, ...unlinked], `${Object.keys(FORGERIES).length} kinds`),
      'senders shut out': atLeast(quarantines, Object.keys(FORGERIES).length),
      'work for 5,000 forgeries of one peer': atMost(cpuMs, victims.time(1_000), ' ms CPU'),
      'strangers let in': exactly(stranger, 0),
      'others p99': onlookers,
    };
  },
};

/** Sends forgeries of one kind as a peer of its own; the reason for which the victim ended the link. */
async function attack(victims: Victims, subject: string, forge: Forge, waitMs = 5_000): Promise<string | undefined> {
  const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
  const record = await recordOf(peer, subject);
  for (let nth = 0; nth < FRAMES; nth++) {
    const [channel, body] = forge(peer, record, nth);
    if (!peer.send(channel, body)) break;
    if (nth % 50 === 0) await sleep(1);
  }
  const ended = eventually(() => {
    if (peer.closed.length === 0) throw new Error('still linked');
  }, waitMs);
  await ended.catch(() => undefined);
  const [reason] = peer.closed;
  await peer.leave();
  return reason;
}

/** Asks the victim what it knows of a node. */
async function recordOf(peer: HostilePeer, id: string): Promise<NodeRecord> {
  peer.say({ type: 'sync-request', ids: [id] });
  let found: NodeRecord | undefined;
  await eventually(() => {
    for (const frame of peer.frames) {
      const read = frame[0] === MEMBERSHIP ? decodePeerFrame(frame.subarray(1)) : undefined;
      if (read?.ok !== true || read.value.type !== 'records') continue;
      for (const { jws } of read.value.items) {
        const record = readNodeRecord(jws);
        if (record.ok && record.value.id === id) found = record.value;
      }
    }
    if (found === undefined) throw new Error('no record yet');
  }, 10_000);
  return found!;
}

async function refusals({ first }: Victims): Promise<number> {
  return (
    (await first.metric('grapevine_peer_frames_refused_total')) +
    (await first.metric('grapevine_bundles_refused_total'))
  );
}

/** CPU of the victim while one peer sends forgeries as fast as it can, above what it needs when idle. */
async function verifyingMs(victims: Victims, subject: string): Promise<number> {
  const forge = FORGERIES['signed by another key']!;
  const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
  const record = await recordOf(peer, subject);
  const frames = Array.from({ length: 5_000 }, (_, nth) => forge(peer, record, nth));
  const before = await victims.first.metric('process_cpu_seconds_total');
  for (const [channel, body] of frames) if (!peer.send(channel, body)) break;
  await sleep(1_000);
  const after = await victims.first.metric('process_cpu_seconds_total');
  await peer.leave();
  return (after - before) * 1_000;
}

/** Somebody with another secret dials for a while. */
async function strangerIsLet(victims: Victims): Promise<number> {
  const stranger = await HostilePeer.create({ name: 'X', secret: 'a secret that the victims do not have at all' });
  stranger.links.keep(victims.first.url);
  await sleep(victims.size(5_000, 1_500));
  const isLinked = stranger.isLinked;
  await stranger.leave();
  const { peers } = await victims.first.status();
  return isLinked || peers.some(({ id }) => id === stranger.id) ? 1 : 0;
}
