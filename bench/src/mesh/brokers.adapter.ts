import { installDebianPackage } from '../debian-package.adapter.js';
import { freePort } from '../free-port.adapter.js';
import type { Stage } from '../stage.adapter.js';

const HOST = '127.0.0.1';

/** Bytes that a server may hold for a client that reads slower than others publish. */
const PENDING_BYTES_MAX = 2 ** 30;

export type BrokerName = 'nats' | 'nats-cluster' | 'redis';

/** Starts what a system needs beside its nodes; an address per server. */
export function startBroker(name: BrokerName, stage: Stage, nodes: number): Promise<string[]> {
  switch (name) {
    case 'nats':
      return startNats(stage, 1);
    case 'nats-cluster':
      return startNats(stage, nodes);
    case 'redis':
      return startRedis(stage);
  }
}

/** One cluster of `count` servers, each with a route to all others. */
async function startNats(stage: Stage, count: number): Promise<string[]> {
  installDebianPackage('nats-server', 'nats-server');
  const routes = await Promise.all(Array.from({ length: count }, async () => `nats://${HOST}:${await freePort()}`));
  const servers: string[] = [];
  for (const route of routes) {
    const port = await freePort();
    const config = stage.writeFile('nats.conf', `max_pending: ${PENDING_BYTES_MAX}\nwrite_deadline: "30s"\n`);
    const clustered = ['--cluster_name', 'bench', '--cluster', route, '--routes', routes.join(',')];
    const parameters = ['--config', config, '--addr', HOST, '--port', `${port}`, ...(count > 1 ? clustered : [])];
    await stage.startServer({ command: 'nats-server', parameters, port });
    servers.push(`nats://${HOST}:${port}`);
  }
  return servers;
}

/** One server without persistence that never cuts a subscriber off. */
async function startRedis(stage: Stage): Promise<string[]> {
  installDebianPackage('redis-server', 'redis-server');
  const port = await freePort();
  const quiet = ['--save', '', '--appendonly', 'no', '--client-output-buffer-limit', 'pubsub 0 0 0'];
  const parameters = ['--bind', HOST, '--port', `${port}`, '--dir', stage.makeFolder(), ...quiet];
  await stage.startServer({ command: 'redis-server', parameters, port });
  return [`redis://${HOST}:${port}`];
}
