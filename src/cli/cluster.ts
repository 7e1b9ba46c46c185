import { once } from 'node:events';
import { resolve } from 'node:path';
import { ClusterFolder } from './cluster-folder.service.js';
import { againCommand, clusterArguments, clusterPlan, readyLine, type ClusterArguments } from './cluster-plan.js';
import { NodeChild } from './node-child.service.js';

const interruption = new AbortController();

/** `npm run cluster`: a cluster of nodes on this machine, or one node of it, until Ctrl-C. Returns the exit code. */
async function runCluster(asked: ClusterArguments): Promise<number> {
  const { nodes, basePort, isFresh, only } = asked;
  const folder = new ClusterFolder(resolve('.cluster'));
  if (isFresh) await folder.empty();
  const secret = await folder.secret();
  const interrupted = once(interruption.signal, 'abort');
  const children = clusterPlan({ nodes, basePort, folder: folder.path, secret })
    .filter(({ name }) => only === undefined || name === only)
    .map((plan) => new NodeChild(plan));
  try {
    await Promise.race([interrupted, Promise.all(children.map(announce))]);
    const toStop =
      only === undefined ? `All ${nodes} nodes are ready. Ctrl-C drains and stops them.` : 'Ctrl-C stops it.';
    if (!interruption.signal.aborted) say(toStop);
    await Promise.race([interrupted, Promise.all(children.map((child) => reportEnd(child, asked)))]);
    return interruption.signal.aborted ? 0 : 1;
  } finally {
    say('Stopping.');
    interruption.abort();
    await Promise.all(children.map((child) => child.stop()));
  }
}

async function announce(child: NodeChild): Promise<void> {
  await child.ready();
  say(readyLine(child.plan));
}

async function reportEnd({ plan, exited }: NodeChild, asked: ClusterArguments): Promise<void> {
  const how = await exited;
  if (interruption.signal.aborted) return;
  complain(
    `${plan.name} ended with ${how}; see ${plan.dataDir}.log. Start it again: ${againCommand(plan.name, asked)}`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interruption.abort());

try {
  process.exitCode = await runCluster(clusterArguments(process.argv.slice(2)));
} catch (error) {
  complain((error as Error).message);
  process.exitCode = 1;
}
