import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { expectOnceAndInOrder, LocalCluster, SECRET } from './local-cluster.js';
import { MeshProxy } from './mesh-proxy.js';
import { freePorts, NodeProcess } from './node-process.js';

const TOPIC = 'conspicuous-topic-name';
const PAYLOAD = 'conspicuous payload of this message';
const CLUSTER = 'conspicuous-cluster-name';
const NAME = 'conspicuous-node';

/** What may be read of each side: how its upgrade begins, and the first bytes of its hello. */
const CLEAR = { dialling: ['GET /mesh/', 'GRPV'], dialled: ['HTTP/1.1 101', 'GRPV'] };

describe.skipIf(platform() !== 'linux')('between the nodes', () => {
  let mesh: MeshProxy;
  let cluster: LocalCluster;

  beforeAll(async () => {
    mesh = new MeshProxy();
    mesh.record();
    cluster = await LocalCluster.start({
      names: [NAME, 'B', 'C'],
      subscriptions: { B: `chat,${TOPIC}` },
      environment: { CLUSTER_NAME: CLUSTER },
      advertise: (name, port) => mesh.open(name, port),
      launched: (name, pid) => mesh.identify(name, pid),
    });
  });

  afterAll(async () => {
    await cluster.stop();
    await mesh.close();
  });

  it('neither payload nor topic, secret, cluster or node can be read on the wire, whoever dialled', async () => {
    // Each of the three sends it at least once, and so do both sides of some link.
    for (const node of cluster.nodes) {
      const { status } = await node.post('/publish?ack=all', { topic: TOPIC, message: PAYLOAD });
      expect(status).toBe(200);
    }
    const { recording } = mesh;
    for (const side of ['dialling', 'dialled'] as const) {
      const said = recording[side];
      expect(said.length).toBeGreaterThan(NAME.length + TOPIC.length + PAYLOAD.length);
      for (const text of CLEAR[side])
        expect({ side, text, isSaid: said.includes(text) }).toMatchObject({ isSaid: true });
      for (const text of [TOPIC, PAYLOAD, CLUSTER, NAME, 'conspicuous', SECRET])
        expect({ side, text, isSaid: said.includes(text) }).toMatchObject({ isSaid: false });
    }
  });

  it('no payload can be read in the data folder of a node', async () => {
    const files = await filesBelow(cluster.folder);
    expect(files.some((file) => file.includes('store'))).toBe(true);
    for (const file of files) expect((await readFile(file)).includes(PAYLOAD)).toBe(false);
  });

  it('damage on the way is noticed, and repaired by a new link: all comes once and in order', async () => {
    const [a] = cluster.nodes as [NodeProcess];
    const refusedBefore = await refusals();
    mesh.damage(3);
    const big = 'x'.repeat(2_000);
    for (let count = 0; count < 100; count++) await a.post('/publish', { topic: 'chat', message: `${count} ${big}` });
    await eventually(async () => {
      for (const node of cluster.nodes) expect(await node.messages('chat')).toHaveLength(100);
    }, 20_000);
    expect(mesh.isDamageDone).toBe(true);
    for (const node of cluster.nodes) expectOnceAndInOrder(await node.messages('chat'));
    expect(await refusals()).toBeGreaterThan(refusedBefore);
  });

  async function refusals(): Promise<number> {
    const counts = await Promise.all(
      cluster.nodes.map((node) => node.metric('grapevine_links_closed_total', { reason: 'bad-frame' })),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
});

describe('a stranger', () => {
  let cluster: LocalCluster;
  let stranger: NodeProcess;

  beforeAll(async () => {
    cluster = await LocalCluster.start({ names: ['A', 'B'] });
    const [port] = await freePorts(1);
    stranger = NodeProcess.launch({
      NODE_NAME: 'X',
      PORT: String(port),
      PEERS: cluster.nodes.map((node) => node.url).join(','),
      SUBSCRIPTIONS: '>',
      CLUSTER_SECRET: 'another secret of more than thirty-two characters',
      STORE: 'memory',
      PROFILE: 'local',
    });
  });

  afterAll(async () => {
    await stranger.crash();
    await cluster.stop();
  });

  it('with another secret is refused and counted, and nothing else happens', async () => {
    await eventually(async () => {
      for (const node of cluster.nodes) {
        expect(await node.metric('grapevine_links_closed_total', { reason: 'wrong-secret' })).toBeGreaterThan(0);
      }
    });
    await cluster.node('A').post('/publish?ack=all', { topic: 'chat', message: PAYLOAD });
    for (const node of cluster.nodes) {
      const { peers, cluster: view } = await node.status();
      expect(peers.map((peer) => peer.name)).not.toContain('X');
      expect(view).toMatchObject({ size: 2, state: 'healthy' });
    }
    const answer = await stranger.get<{ items: unknown[] }>('/messages?topic=chat');
    expect(answer.body.items).toEqual([]);
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
