import { setTimeout as sleep } from 'node:timers/promises';
import { decodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import { FRAME_BYTES_MAX } from '../../../src/peers/links/links.js';
import { decodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import { atLeast, atMost, exactly } from '../../chaos/case.js';
import { Frames } from '../../fuzz/fuzz.js';
import { GOSSIP_TARGETS } from '../../fuzz/gossip-targets.js';
import { MEMBERSHIP_TARGETS } from '../../fuzz/membership-targets.js';
import type { AttackCase } from '../attack-case.js';
import { GOSSIP, HostilePeer, MEMBERSHIP } from '../hostile-peer.js';
import type { Victims } from '../victims.js';

/** Of these, so many of a link are malformed that their sender is shut out; the others get through to the cores. */
const MALFORMED_PER_LINK = 20;

/** A19: numbers, types and lengths that nobody sends, as an admitted peer. */
export const hostileNumbers: AttackCase = {
  id: 'A19',
  title: '1,000,000 mutated frames of membership and gossip, most of them well-formed with hostile numbers',
  async run(victims) {
    await victims.remember(['M']);
    const refusedBefore = await refusals(victims);
    const cpuBefore = await victims.first.metric('process_cpu_seconds_total');
    let sent = 0;
    const onlookers = await victims.onlookersDuring(async () => {
      for (let seed = 1; sent < victims.size(1_000_000, 60_000); seed++) sent += await sendMutants(victims, seed);
    });
    const cpuMs = ((await victims.first.metric('process_cpu_seconds_total')) - cpuBefore) * 1_000;
    return {
      'frames sent': atLeast(sent, victims.size(1_000_000, 60_000)),
      refused: atLeast((await refusals(victims)) - refusedBefore, 10),
      'CPU a frame': atMost(cpuMs / sent, 5, ' ms'),
      'timers out of range': exactly(warnings(victims), 0),
      'state of all others': await victims.unchanged(['M']),
      'others p99': onlookers,
    };
  },
};

/** Mutants of one seed over one link, until the victim ends it. */
async function sendMutants(victims: Victims, seed: number): Promise<number> {
  const peer = await (await HostilePeer.create({ name: 'M' })).join(victims.first.url);
  const membership = await Frames.of(
    MEMBERSHIP_TARGETS.find(({ decoder }) => decoder === 'decodePeerFrame')!,
    seed,
  );
  const gossip = await Frames.of(
    GOSSIP_TARGETS.find(({ decoder }) => decoder === 'decodeGossipFrame')!,
    seed,
  );
  let [sent, malformed] = [0, 0];
  for (let frame = 0; sent < 20_000 && peer.isLinked; frame++) {
    const [channel, frames] = frame % 2 === 0 ? ([MEMBERSHIP, membership] as const) : ([GOSSIP, gossip] as const);
    const body = frames.at(frame);
    if (body.length >= FRAME_BYTES_MAX) continue;
    const isWellFormed = (channel === MEMBERSHIP ? decodePeerFrame(body) : decodeGossipFrame(body)).ok;
    if (!isWellFormed && (sent < 10_000 || malformed++ > MALFORMED_PER_LINK)) continue;
    if (peer.send(channel, body)) sent++;
    if (sent % 100 === 0) await sleep(1);
  }
  await sleep(200);
  await peer.leave();
  return sent;
}

async function refusals({ first }: Victims): Promise<number> {
  return (
    (await first.metric('grapevine_peer_frames_refused_total')) +
    (await first.metric('grapevine_bundles_refused_total'))
  );
}

/** Node.js warns on standard error when a timer was set to more than 2^31 - 1 ms, and takes 1 ms instead. */
function warnings({ nodes }: Victims): number {
  return nodes.filter(({ complaints }) => complaints.includes('TimeoutOverflowWarning')).length;
}
