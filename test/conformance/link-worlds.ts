import { createServer, type AddressInfo } from 'node:net';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Settings } from '../../src/config/settings.js';
import { AllowList } from '../../src/crypto/allow-list.service.js';
import { HandshakesService } from '../../src/crypto/handshakes.service.js';
import { IdentityService } from '../../src/crypto/identity.service.js';
import { RecordsService } from '../../src/crypto/records.service.js';
import { MeshServer } from '../../src/peers/links/mesh-server.service.js';
import { SocketLinks } from '../../src/peers/links/socket-links.service.js';
import { Alarms } from '../../src/runtime/alarms.service.js';
import { DataFolder } from '../../src/runtime/data-folder.service.js';
import { NodeLogger } from '../../src/runtime/node-logger.service.js';
import { Random } from '../../src/runtime/random.js';
import { SystemClock } from '../../src/runtime/system-clock.service.js';
import { LinkRecorder, type LinkNode, type LinkWorld } from './link-node.js';
import { MemoryLinks, MemoryMesh } from './memory-links.js';

export const TEST_SECRET = 'a cluster secret for tests, long enough';

export function memoryWorld(): LinkWorld {
  const mesh = new MemoryMesh();
  let count = 0;
  return {
    start: (name, url = `memory://${++count}`) => {
      const seen = new LinkRecorder();
      const links = new MemoryLinks(mesh, name, url, seen);
      const close = (): Promise<void> => Promise.resolve(links.shutdown());
      return Promise.resolve({ id: links.peer.id, url, links, seen, close });
    },
    freeUrl: () => Promise.resolve(`memory://${++count}`),
    close: () => Promise.resolve(),
  };
}

export interface SocketNode extends LinkNode {
  readonly links: SocketLinks;
}

export interface SocketWorld extends LinkWorld {
  start(name: string, url?: string, settings?: Partial<Settings>): Promise<SocketNode>;
}

/** Real nodes on free ports of this machine, each with an HTTP server of its own. */
export function socketWorld(): SocketWorld {
  const nodes: SocketNode[] = [];
  return {
    start: async (name, url, settings = {}) => {
      const node = await startSocketNode({
        name,
        clusterSecret: TEST_SECRET,
        port: url === undefined ? 0 : Number(new URL(url).port),
        ...settings,
      });
      nodes.push(node);
      return node;
    },
    freeUrl,
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

async function startSocketNode(chosen: Partial<Settings>): Promise<SocketNode> {
  const settings = Object.assign(new Settings(), chosen);
  const clock = new SystemClock();
  const alarms = new Alarms(new SchedulerRegistry(), clock);
  const logger = new NodeLogger({ node: settings.name, level: 'silent', format: 'json' });
  const identity = new IdentityService(settings, new DataFolder(undefined));
  await identity.onModuleInit();
  const records = new RecordsService(settings, identity, new AllowList(settings, logger, alarms, clock));
  const handshakes = new HandshakesService(settings, identity, records);
  const server = new MeshServer(settings, new HttpAdapterHost());
  const links = new SocketLinks(settings, server, clock, logger, alarms, new Random(clock.wallMs()));
  const seen = new LinkRecorder();
  let recordJws = '';
  const own = { self: identity.id, handshake: (role: 'initiator' | 'responder') => handshakes.create(role, recordJws) };
  const url = await links.open(own, seen);
  recordJws = await identity.signRecord({ name: settings.name, url, epoch: 1, incarnation: 0, status: 'alive' });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= links.shutdown().then(() => alarms.onApplicationShutdown()));
  return { id: identity.id, url, links, seen, close };
}

async function freeUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
