import { atLeast, exactly, type ChaosCase } from '../case.js';
import { atEachNode, placeAt, type World } from '../world.js';

const NODES = ['A', 'B', 'C', 'D'];
/** Clients at each node besides those of every case. */
const CLIENTS_MORE = 4;

/** F2: every node in turn is told to leave and comes back; clients go to other nodes and publishers try once more there. */
export const rollingRestart: ChaosCase = {
  id: 'F2',
  title: 'SIGTERM, rolling restart of all four',
  world: {
    load: { isRetried: true },
    subscribers: [
      ...atEachNode(),
      ...NODES.flatMap((name) => Array.from({ length: CLIENTS_MORE }, () => placeAt('socket', 'chat', name))),
    ],
  },
  async run(world) {
    await world.wait(5, 1);
    const leaves = [];
    for (const name of NODES) {
      leaves.push(await leaveAndReturn(world, name));
      await world.wait(5, 1);
    }
    const agreed = await world.agree();
    const clients = world.subscribers;
    const connected = clients.filter(({ isConnected }) => isConnected).length;
    const resumed = clients.filter((client) => client.recovered >= client.resumed).length;
    const resumptions = clients.reduce((sum, client) => sum + client.resumed, 0);
    return {
      'publishers that saw an error after one retry': exactly(world.ledger.refusedCount, 0),
      [`clients that resumed, ${resumptions} times`]: atLeast(
        (Math.min(connected, resumed) / clients.length) * 100,
        99.9,
        ' %',
      ),
      'longest drain': world.inTime(Math.max(...leaves.map(({ drainMs }) => drainMs)) / 1_000, 10),
      'exit codes': exactly([...new Set(leaves.map(({ code }) => code))].join(), '0'),
      'leave known after the end': world.inTime(Math.max(...leaves.map(({ knownMs }) => knownMs)) / 1_000, 1),
      'leaves taken for deaths': exactly(world.watch.deaths().length, 0),
      'agreed afterwards': agreed,
    };
  },
};

async function leaveAndReturn(
  world: World,
  name: string,
): Promise<{ code: number | string; drainMs: number; knownMs: number }> {
  const toldMs = performance.now();
  const code = await world.terminate(name);
  const endedMs = performance.now();
  await world.wait(2, 1.2);
  const knownMs = (world.watch.firstSeen({ peer: name, state: 'left', sinceMs: toldMs })?.atMs ?? Infinity) - endedMs;
  await world.restart(name);
  return { code, drainMs: endedMs - toldMs, knownMs: Math.max(0, knownMs) };
}
