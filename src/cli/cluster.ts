import { once } from 'node:events';
import { resolve } from 'node:path';
import { ClusterFolder } from './cluster-folder.service.js';
import { clusterArguments, clusterPlan, readyLine, type ClusterArguments } from './cluster-plan.js';
import { NodeChild } from './node-child.service.js';

const interruption = new AbortController();

/** `npm run cluster`: a cluster of nodes on this machine until Ctrl-C. Returns the exit code. */
async function runCluster({ nodes, basePort, isFresh }: ClusterArguments): Promise<number> {
  const folder = new ClusterFolder(resolve('.cluster'));
  if (isFresh) await folder.empty();
  const secret = await folder.secret();
  const interrupted = once(interruption.signal, 'abort');
  const children = clusterPlan({ nodes, basePort, folder: folder.path, secret }).map((plan) => new NodeChild(plan));
  try {
    await Promise.race([interrupted, Promise.all(children.map(announce))]);
    if (!interruption.signal.aborted) say(`All ${nodes} nodes are ready. Ctrl-C drains and stops them.`);
    await Promise.race([interrupted, Promise.all(children.map(reportEnd))]);
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

async function reportEnd(child: NodeChild): Promise<void> {
  const how = await child.exited;
  if (!interruption.signal.aborted) complain(`${child.plan.name} ended with ${how}; see ${child.plan.dataDir}.log`);
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
