import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { encodeSegmentBody, signedSegment } from '../../../src/peers/interest/interest-segment.js';
import { atLeast, exactly, type Findings } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import { eventually } from '../../e2e/eventually.js';
import type { AttackCase } from '../attack-case.js';
import { GOSSIP, HostilePeer, MEMBERSHIP } from '../hostile-peer.js';
import { Tap } from '../tap.js';
import type { Victims } from '../victims.js';

const FRAMES = 10_000;
const LATER_MS = 600_000;

/** A17: what was captured is worth nothing, on the wire, as an admitted peer, later and after a restart. */
export const replayedFrames: AttackCase = {
  id: 'A17',
  title: '10,000 captured frames replayed: at once, later, and after a restart',
  async run(victims) {
    const captured = await capture(victims);
    await victims.remember(['M']);
    const delivered = await deliveredAt(victims);
    const wire = await replayWire(victims);
    await replay(victims, captured);
    await sleep(victims.size(LATER_MS, 1_000));
    await replay(victims, captured);
    const findings: Findings = {
      'frames captured and sent again': atLeast(captured.length, 100),
      'accepted on the wire': exactly(wire, 0),
      'delivered again': exactly((await deliveredAt(victims)) - delivered, 0),
      'state after it': await victims.unchanged(['M']),
    };
    await victims.restart('A');
    await victims.cluster.settled();
    const restarted = await deliveredAt(victims);
    await replay(victims, captured);
    return {
      ...findings,
      'delivered again after a restart': exactly((await deliveredAt(victims)) - restarted, 0),
      'state after a restart': await victims.unchanged(['M']),
      'no message twice in a log': await nothingTwice(victims),
    };
  },
};

/** A peer that wants `chat` hears what A and B say while B publishes. */
async function capture(victims: Victims): Promise<readonly Buffer[]> {
  const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
  const segment = { subject: peer.id, epoch: peer.epoch, base: 0, version: 1, removed: [] };
  const wanting = { ...segment, added: [{ pattern: 'chat', sinceMs: 0 }] };
  const body = encodeSegmentBody(wanting);
  peer.say({ type: 'segments', segments: [signedSegment(wanting, body, peer.identity.sign(body)).bytes] });
  await sleep(1_000);
  for (let value = 0; value < 300; value++) {
    await victims.nodes[value % 3]?.post('/publish', { topic: 'chat', message: value });
  }
  await eventually(() => {
    if (peer.frames.filter((frame) => frame[0] === GOSSIP).length < 100)
      throw new Error(`${peer.frames.length} frames`);
  }, 20_000);
  const heard = [...peer.frames];
  await peer.leave();
  // The directories must agree again on who is there before anything is compared.
  await sleep(3_000);
  return heard.filter((frame) => frame[0] === MEMBERSHIP || frame[0] === GOSSIP);
}

/** As somebody who is admitted, over and over until so many were sent. */
async function replay(victims: Victims, captured: readonly Buffer[]): Promise<void> {
  const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
  for (let sent = 0; sent < FRAMES && peer.isLinked; sent++) {
    const frame = captured[sent % captured.length];
    if (frame !== undefined) peer.send(frame[0] ?? 0, frame.subarray(1));
    if (sent % 200 === 0) await sleep(2);
  }
  await sleep(1_000);
  await peer.leave();
}

/** The bytes of a whole connection, sent again by somebody without any key; how often the victim took them. */
async function replayWire(victims: Victims): Promise<number> {
  const tap = await Tap.open(Number(new URL(victims.first.url).port));
  const peer = await (await HostilePeer.create({ name: 'M' })).join(tap.url);
  await sleep(1_000);
  await peer.leave();
  const before = await victims.first.metric('grapevine_links_up_total');
  for (let again = 0; again < 20; again++) {
    const socket = connect(Number(new URL(victims.first.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(tap.sent);
    await sleep(50);
    socket.destroy();
  }
  tap.close();
  return (await victims.first.metric('grapevine_links_up_total')) - before;
}

async function deliveredAt(victims: Victims): Promise<number> {
  const items = await Promise.all(victims.nodes.map((node) => node.messages('chat')));
  return items.reduce((sum, { length }) => sum + length, 0);
}

async function nothingTwice(victims: Victims): Promise<ReturnType<typeof verdictOf>> {
  const repeats: string[] = [];
  for (const node of victims.nodes) {
    const ids = (await node.messages('chat')).map(({ id }) => id);
    if (new Set(ids).size < ids.length) repeats.push(node.name);
  }
  return verdictOf(repeats, '3 logs');
}
