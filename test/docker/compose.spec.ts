import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../e2e/eventually.js';
import { expectOnceAndInOrder, valuesAt } from '../e2e/local-cluster.js';
import { NodeClient } from '../e2e/node-client.js';
import { Compose } from './compose.js';

const SERVICES = ['a', 'b', 'c', 'd'];
const HEALTHY_WITHIN_MS = 60_000;

const compose = Compose.find();
if (compose === undefined)
  process.stdout.write('No container engine answers here: the suite of containers is skipped.\n');

describe.skipIf(compose === undefined)('the four nodes in containers', () => {
  const engine = compose!;
  const nodes = SERVICES.map((_, index) => new NodeClient(`http://127.0.0.1:${8000 + index}`));
  const [a, b, c, d] = nodes as [NodeClient, NodeClient, NodeClient, NodeClient];

  beforeAll(async () => {
    await engine.run('down', '--volumes', '--remove-orphans');
    await engine.run('up', '--detach', '--build');
    await healthy();
  }, 600_000);

  afterAll(() => engine.run('down', '--volumes', '--remove-orphans'), 120_000);

  async function healthy(): Promise<void> {
    await eventually(async () => {
      for (const service of SERVICES) {
        expect(await engine.inspect(service, '{{.State.Health.Status}}')).toBe('healthy');
      }
      for (const node of nodes) expect((await node.status()).cluster).toMatchObject({ size: 4, state: 'healthy' });
    }, HEALTHY_WITHIN_MS);
  }

  async function publish(node: NodeClient, prefix: string, count: number): Promise<void> {
    const batch = Array.from({ length: count }, (_, index) => ({ topic: 'chat', message: `${prefix} ${index}` }));
    expect((await node.post('/publish', batch)).status).toBe(200);
  }

  /** All nodes have the same, each message once and in its publisher's order. */
  async function expectSame(count: number): Promise<void> {
    await eventually(async () => {
      for (const node of nodes) expect(await node.messages('chat')).toHaveLength(count);
    }, 15_000);
    for (const node of nodes) {
      expectOnceAndInOrder(await node.messages('chat'));
      expect(await valuesAt(node, 'chat')).toEqual(await valuesAt(a, 'chat'));
    }
  }

  it('are healthy, published on this machine only, and not run by root', async () => {
    for (const service of SERVICES) {
      expect(await engine.inspect(service, '{{range .NetworkSettings.Ports}}{{(index . 0).HostIp}}{{end}}')).toBe(
        '127.0.0.1',
      );
      expect((await engine.docker('exec', await engine.container(service), 'id', '-u')).trim()).toBe('10001');
    }
  });

  it('share a secret that is in a file of the nodes alone, not in the environment', async () => {
    const container = await engine.container('a');
    const file = await engine.docker('exec', container, 'stat', '-c', '%a %u', '/secret/cluster');
    expect(file.trim()).toBe('600 10001');
    const secret = (await engine.docker('exec', container, 'cat', '/secret/cluster')).trim();
    expect(secret).toHaveLength(43);
    expect(await engine.docker('inspect', container)).not.toContain(secret);
  });

  it('pass on what is published at one of them', async () => {
    const { body } = await a.post('/publish?ack=all', { topic: 'chat', message: 'hello world' });
    expect(body).toMatchObject({ ack: { confirmed: 4, of: 4 } });
    await expectSame(1);
    const topics = await d.get<{ items: unknown }>('/topics');
    expect(topics.body.items).toMatchObject([
      { topic: 'chat', nodes: ['A', 'B', 'C', 'D'] },
      { topic: 'news', nodes: ['B', 'C'] },
    ]);
  });

  it('go on without one that is killed, which has all it missed when it is back', async () => {
    await engine.docker('kill', '--signal', 'KILL', await engine.container('d'));
    await eventually(async () => expect(await stateOf(a, 'D')).toBe('dead'), 5_000);
    await publish(b, 'without d', 200);
    await engine.docker('start', await engine.container('d'));
    await healthy();
    await expectSame(201);
  });

  it('go on without one that is cut off, which goes on too, and agree when it is back', async () => {
    await engine.cutOffMesh('d');
    await eventually(async () => {
      expect(await stateOf(a, 'D')).toBe('dead');
      expect((await d.status()).cluster).toMatchObject({ size: 1, state: 'degraded' });
    }, 15_000);
    await publish(c, 'one side', 100);
    await publish(d, 'other side', 100);
    expect(await d.messages('chat')).toHaveLength(301);
    await engine.joinMesh('d');
    await healthy();
    await expectSame(401);
  });

  it('have their history after a restart of all, and end with exit code 0 when stopped', async () => {
    await engine.run('stop');
    for (const service of SERVICES) expect(await engine.inspect(service, '{{.State.ExitCode}}')).toBe('0');
    await engine.run('up', '--detach');
    await healthy();
    await expectSame(401);
  });
});

async function stateOf(node: NodeClient, name: string): Promise<string | undefined> {
  return (await node.status()).peers.find((peer) => peer.name === name)?.state;
}
