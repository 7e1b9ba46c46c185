import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { socketClient } from './clients.js';
import { eventually } from './eventually.js';
import { LocalCluster } from './local-cluster.js';
import { freePorts, NodeProcess } from './node-process.js';

describe('a node that cannot start', () => {
  let folder: string;
  let port: string;
  const launched: NodeProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grapevine-start-'));
    port = String((await freePorts(1))[0]);
  });

  afterEach(async () => {
    await Promise.all(launched.splice(0).map((node) => node.crash()));
    await rm(folder, { recursive: true, force: true });
  });

  function launch(environment: Readonly<Record<string, string>>): NodeProcess {
    const node = NodeProcess.launch({ NODE_NAME: 'A', PORT: port, DATA_DIR: join(folder, 'A'), ...environment });
    launched.push(node);
    return node;
  }

  it.each([
    [{ PORT: 'eighty' }, 'PORT must be a whole number from 0 to 65535, not "eighty"\n'],
    [{ HOST: '0.0.0.0', API_AUTH: 'open', ADVERTISE_URL: 'http://a:1' }, /^CLUSTER_SECRET must be given, .*\n$/],
    [{ TLS_CERT_FILE: '/cert' }, 'TLS_KEY_FILE must be given together with a certificate\n'],
    [
      { STORE: 'x', PROFILE: 'y' },
      'STORE must be one of lmdb, memory, not "x"\nPROFILE must be one of local, lan, wan, not "y"\n',
    ],
  ])('for %j says why in a readable line, with exit code 1', async (environment, line) => {
    const node = launch(environment);
    expect(await node.exited).toBe(1);
    expect(node.complaints).toMatch(line);
    expect(node.log).toBe('');
  });

  it('says so when its data folder or its port is in use', async () => {
    await launch({}).ready();
    const [other] = await freePorts(1);
    const sameFolder = launch({ PORT: String(other) });
    expect(await sameFolder.exited).toBe(1);
    expect(sameFolder.complaints).toBe(`the data folder ${join(folder, 'A')} is in use by another process\n`);
    const samePort = launch({ DATA_DIR: join(folder, 'B') });
    expect(await samePort.exited).toBe(1);
    expect(samePort.complaints).toBe(`port ${port} of 127.0.0.1 is in use by another process\n`);
  });

  it('says so when another node of the cluster has its name', async () => {
    const first = await launch({}).ready();
    const [other] = await freePorts(1);
    const second = launch({ PORT: String(other), DATA_DIR: join(folder, 'B'), PEERS: first.url });
    expect(await second.exited).toBe(1);
    expect(second.complaints).toBe(`the name A is taken: ${first.url} has it, and answers; choose another NODE_NAME\n`);
    expect(second.log).not.toContain('joined');
    expect((await first.status()).cluster).toMatchObject({ size: 1, state: 'healthy' });
  });
});

describe('a node that is told to stop', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await LocalCluster.start({ names: ['A', 'B'] });
  });

  afterAll(() => cluster.stop());

  it('tells its clients, leaves the cluster at once, and ends with exit code 0', async () => {
    const [a, b] = cluster.nodes as [NodeProcess, NodeProcess];
    const client = await socketClient(b, 'chat');
    const drained = new Promise((resolve) => client.socket.once('draining', resolve));
    const exit = b.terminate();
    await drained;
    await eventually(async () => expect((await a.status()).peers).toMatchObject([{ name: 'B', state: 'left' }]), 1_000);
    expect(await exit).toBe(0);
    expect((await a.status()).cluster).toMatchObject({ size: 1, state: 'healthy' });
    client.close();
  });

  it('also does so when it is alone, and for Ctrl-C', async () => {
    const [a] = cluster.nodes as [NodeProcess];
    a.signal('SIGINT');
    expect(await a.exited).toBe(0);
  });
});
