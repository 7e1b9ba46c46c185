import { deflateRawSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, exactly } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import type { AttackCase } from '../attack-case.js';
import { dial, isEndedWithin, upgrade, webSocketFrame } from '../raw-client.js';
import { ask, enter } from '../socket-crowd.js';
import type { Victims } from '../victims.js';

const SOCKET = '/socket.io/?EIO=4&transport=websocket';
const TEXT = 0x81;
/** The bit that says “compressed”, which nobody agreed on. */
const COMPRESSED_TEXT = 0xc1;
const PATIENCE_MS = 10_000;
/** The default of `RATE_HANDSHAKES`. */
const HANDSHAKES_PER_SECOND = 200;
/** So many seconds' worth of a rate pass at once. */
const BURST_SECONDS = 10;

/** Packets of Engine.IO and Socket.IO that are none, each on a connection of its own. */
const MALFORMED: Readonly<Record<string, string>> = {
  'eleven attachments': '4511-/events,0["publish",{"topic":"chat","message":{"_placeholder":true,"num":0}}]',
  'attachments without end': '45999999999-/events,["publish"]',
  'no number of attachments': '45x-/events,["publish"]',
  'no such packet': '49',
  'no such transport packet': '9',
  'no JSON': '42/events,{"publish"',
  'no list': '42/events,{"0":"publish"}',
  'no name of an event': '42/events,[{}]',
  'a reserved event': '42/events,["disconnect"]',
  '100,000 levels': `42/events,["publish",${'['.repeat(100_000)}${']'.repeat(100_000)}]`,
  'an acknowledgement of nothing': '43/events,9999999999999999["x"]',
};

/** A24: sockets that say nonsense, too much or too fast. */
export const socketFloods: AttackCase = {
  id: 'A24',
  title: 'over 10 attachments, malformed packets, 10,000 subscribes/s on a socket, 10,000 handshakes/s, a deflate bomb',
  async run(victims) {
    await victims.remember();
    const { first } = victims;
    const open: string[] = [];
    let [answered, refused] = [0, 0];
    let flood = { letIn: 0, seconds: 0 };
    const handshakes = victims.size(10_000, 4_000);
    const onlookers = await victims.onlookersDuring(async () => {
      for (const [name, packet] of Object.entries(MALFORMED)) {
        const socket = await dial(first, upgrade(SOCKET));
        socket.write(
          Buffer.concat([webSocketFrame(TEXT, Buffer.from('40/events,')), webSocketFrame(TEXT, Buffer.from(packet))]),
        );
        if (name !== 'an acknowledgement of nothing' && !(await isEndedWithin(socket, PATIENCE_MS))) open.push(name);
        socket.destroy();
      }
      const bomb = await dial(first, upgrade(SOCKET, 'Sec-WebSocket-Extensions: permessage-deflate'));
      bomb.write(webSocketFrame(COMPRESSED_TEXT, deflateRawSync(Buffer.alloc(256 * 1024 * 1024))));
      if (!(await isEndedWithin(bomb, PATIENCE_MS))) open.push('deflate bomb');
      ({ answered, refused } = await subscribeFlood(victims));
      flood = await handshakeFlood(victims, handshakes);
    });
    const { status } = await first.get('/health/ready');
    return {
      'connections ended': verdictOf(open, `${Object.keys(MALFORMED).length} kinds`),
      'subscribes answered before it was cut': atLeast(answered, 1),
      'subscribes refused or cut': atLeast(refused, 8_000),
      [`let in of ${handshakes.toLocaleString('en')} handshakes in ${flood.seconds.toFixed(1)} s`]: atMost(
        flood.letIn,
        HANDSHAKES_PER_SECOND * (flood.seconds + BURST_SECONDS),
      ),
      'ready afterwards': exactly(status, 200),
      'messages and members': await victims.unchanged(),
      'others p99': onlookers,
    };
  },
};

/** 10,000 at once on one socket: what was granted, and what was refused or went down with the socket. */
async function subscribeFlood({ first }: Victims): Promise<{ answered: number; refused: number }> {
  const socket = await enter(first);
  const asked = Array.from({ length: 10_000 }, (_, nth) =>
    ask(socket, 'subscribe', { topic: `flood.${nth}` }).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const isCut = new Promise((resolve) => socket.once('disconnect', resolve));
  await Promise.race([Promise.all(asked), isCut.then(() => sleep(200))]);
  socket.disconnect();
  const settled = await Promise.all(asked.map((each) => Promise.race([each, sleep(0).then(() => false)])));
  const answered = settled.filter(Boolean).length;
  return { answered, refused: settled.length - answered };
}

/** How many of so many connections, as fast as they go, were let in. */
async function handshakeFlood({ first }: Victims, count: number): Promise<{ letIn: number; seconds: number }> {
  let letIn = 0;
  const began = performance.now();
  for (let begun = 0; begun < count; begun += 200) {
    const batch = Array.from({ length: 200 }, async () => {
      const answer = await fetch(`${first.url}/socket.io/?EIO=4&transport=polling`).catch(() => undefined);
      await answer?.text().catch(() => undefined);
      if (answer?.status === 200) letIn++;
    });
    await Promise.all(batch);
  }
  return { letIn, seconds: (performance.now() - began) / 1_000 };
}
