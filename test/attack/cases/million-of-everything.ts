import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import { encodeSegmentBody, signedSegment } from '../../../src/peers/interest/interest-segment.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';
import { atLeast, atMost, exactly } from '../../chaos/case.js';
import type { AttackCase } from '../attack-case.js';
import { GOSSIP, HostilePeer } from '../hostile-peer.js';
import type { Victims } from '../victims.js';

const MANY = 1_000_000;
const PER_PAGE = 1_024;

/** A18: an admitted peer that tells of a million of everything fills nobody's memory, and none of it goes further. */
export const millionOfEverything: AttackCase = {
  id: 'A18',
  title: 'an admitted peer tells of a million members, streams, topics and interests',
  async run(victims) {
    await victims.remember(['M']);
    const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
    const others = victims.nodes.filter((node) => node !== victims.first);
    const receivedBefore = await total(others, 'grapevine_link_bytes_received_total');
    const readBefore = await total([victims.first], 'grapevine_link_frames_received_total');
    let sent = 0;
    const onlookers = await victims.onlookersDuring(async () => {
      sent += await flood(peer, victims, (page) => ({
        type: 'sync-page',
        after: undefined,
        upTo: undefined,
        entries: entriesOf(page),
      }));
      sent += await flood(peer, victims, (page) => gossip({ type: 'summary', topics: topicsOf(page) }));
      sent += await flood(peer, victims, (page) => gossip(extentsOf(page)));
      sent += await flood(peer, victims, (page) => ({ type: 'segments', segments: [interestOf(peer, page)] }));
      await sleep(2_000);
    });
    const received = (await total(others, 'grapevine_link_bytes_received_total')) - receivedBefore;
    const status = await victims.first.status();
    const { items } = (await victims.first.get<{ items: { topic: string }[] }>('/topics?limit=1000')).body;
    const claimed = items.filter(({ topic }) => topic.startsWith('flood.')).length;
    const read = (await total([victims.first], 'grapevine_link_frames_received_total')) - readBefore;
    const ended = peer.closed[0] ?? 'stayed';
    await peer.leave();
    return {
      'frames that the victim read': atLeast(read, sent / 2),
      'link, while it lasted': exactly(ended, 'stayed'),
      'frames sent': atLeast(sent, (3 * victims.size(MANY, MANY / 20)) / PER_PAGE),
      'members at the victim': atMost(status.peers.length, victims.nodes.length),
      'interests of one member': atMost(claimed, 4_096),
      'passed on to each other node': atMost(received / others.length / 2 ** 20, victims.size(64, 16), ' MiB'),
      'messages and members of all others': await victims.unchanged(['M']),
      'others p99': onlookers,
    };
  },
};

/** Sends pages until a million entries are told, as fast as the victim reads. */
async function flood(
  peer: HostilePeer,
  victims: Victims,
  frameOf: (page: number) => PeerFrame | Buffer,
): Promise<number> {
  let sent = 0;
  for (let page = 0; page < victims.size(MANY, MANY / 20) / PER_PAGE && peer.isLinked; page++) {
    const frame = frameOf(page);
    sent += (Buffer.isBuffer(frame) ? peer.send(GOSSIP, frame) : peer.say(frame)) ? 1 : 0;
    while (peer.isLinked && peer.links.bufferedBytes(peer.victim.id) > 1024 * 1024) await sleep(1);
  }
  return sent;
}

function gossip(frame: GossipFrame): Buffer {
  return encodeGossipFrame(frame);
}

function entriesOf(_page: number): (PeerFrame & { type: 'sync-page' })['entries'] {
  return Array.from({ length: PER_PAGE }, () => ({
    id: nodeIdFrom(randomBytes(32)),
    epoch: 2 ** 40,
    incarnation: 1,
    state: 'alive' as const,
    interestEpoch: 2 ** 40,
    interestVersion: 1,
  }));
}

function topicsOf(page: number): { topic: string; digest: string }[] {
  return Array.from({ length: PER_PAGE }, (_, at) => ({
    topic: `flood.${page * PER_PAGE + at}`,
    digest: 'AAAAAAAAAAA',
  }));
}

function extentsOf(page: number): GossipFrame {
  const streams = Array.from({ length: PER_PAGE }, () => ({
    publisher: nodeIdFrom(randomBytes(32)),
    epoch: page + 1,
    start: 0,
    floor: 0,
    frontier: 2 ** 48 - 1,
  }));
  return { type: 'extents', topic: 'chat', digest: 'AAAAAAAAAAA', isLast: true, streams };
}

/** Its own interest, as large as it may be, another one every time. */
function interestOf(peer: HostilePeer, page: number): Buffer {
  const added = Array.from({ length: PER_PAGE * 4 }, (_, at) => ({ pattern: `flood.${page}.${at}`, sinceMs: 0 }));
  const segment = { subject: peer.id, epoch: peer.epoch, base: 0, version: page + 1, added, removed: [] };
  const body = encodeSegmentBody(segment);
  return signedSegment(segment, body, peer.identity.sign(body)).bytes;
}

async function total(nodes: Victims['nodes'], metric: string): Promise<number> {
  let sum = 0;
  for (const node of nodes) sum += await node.metric(metric);
  return sum;
}
