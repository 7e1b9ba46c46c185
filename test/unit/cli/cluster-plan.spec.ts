import { describe, expect, it } from 'vitest';
import { againCommand, clusterArguments, clusterPlan, nodeName, readyLine } from '../../../src/cli/cluster-plan.js';
import { readEnvironment } from '../../../src/config/environment.js';

const world = {
  hostName: 'machine',
  readFile: (path: string): string => {
    throw new Error(path);
  },
};

const secret = 'x'.repeat(43);

describe('the command line of the local cluster', () => {
  it('asks for four nodes from port 8000 when nothing is said', () => {
    expect(clusterArguments([])).toEqual({ nodes: 4, basePort: 8000, isFresh: false });
  });

  it('takes another size, other ports and an empty start', () => {
    expect(clusterArguments(['--nodes', '7', '--base-port=9100', '--fresh'])).toEqual({
      nodes: 7,
      basePort: 9100,
      isFresh: true,
    });
  });

  it('takes one node of the plan', () => {
    expect(clusterArguments(['--only', 'D'])).toEqual({ nodes: 4, basePort: 8000, isFresh: false, only: 'D' });
  });

  it('is told in full when a node ended and is to be started again', () => {
    expect(againCommand('D', clusterArguments([]))).toBe('npm run cluster -- --only D');
    const other = clusterArguments(['--nodes', '7', '--base-port', '9100']);
    expect(againCommand('G', other)).toBe('npm run cluster -- --nodes 7 --base-port 9100 --only G');
    expect(clusterArguments(againCommand('G', other).split(' ').slice(4))).toEqual({ ...other, only: 'G' });
  });

  it.each([
    [['--nodes', '0'], '--nodes must be a whole number from 1 to 64, not "0"'],
    [['--nodes', 'many'], '--nodes must be a whole number from 1 to 64, not "many"'],
    [['--base-port', '65535'], '--base-port must be a whole number from 1 to 65532, not "65535"'],
    [['--only', 'E'], '--only must be one of A, B, C, D, not "E"'],
    [['--only', 'A', '--fresh'], '--fresh empties the folders of all nodes, also of those that run'],
    [['--colour'], "Unknown option '--colour'"],
  ])('is refused with a readable line and the usage: %j', (args, line) => {
    expect(() => clusterArguments(args)).toThrow(line);
    expect(() => clusterArguments(args)).toThrow('usage: npm run cluster');
  });
});

describe('the plan of a local cluster', () => {
  const plan = clusterPlan({ nodes: 4, basePort: 8000, folder: '/data', secret });

  it('names the nodes A to D on consecutive ports', () => {
    expect(plan.map((node) => [node.name, node.url])).toEqual([
      ['A', 'http://127.0.0.1:8000'],
      ['B', 'http://127.0.0.1:8001'],
      ['C', 'http://127.0.0.1:8002'],
      ['D', 'http://127.0.0.1:8003'],
    ]);
  });

  it('subscribes all to chat, and B and C to news', () => {
    expect(plan.map((node) => node.environment['SUBSCRIPTIONS'])).toEqual(['chat', 'chat,news', 'chat,news', 'chat']);
  });

  it('makes environments that a node accepts, with all others as peers and one secret', () => {
    for (const node of plan) {
      const outcome = readEnvironment(node.environment, world);
      if (!outcome.ok) throw new Error(outcome.problems.join('\n'));
      expect(outcome.settings).toMatchObject({ name: node.name, clusterSecret: secret, dataDir: `/data/${node.name}` });
      expect(outcome.settings.peers).toEqual(plan.filter((other) => other !== node).map((other) => other.url));
    }
  });

  it('does not fail on a secret file that the caller has in its own environment', () => {
    const inherited = { CLUSTER_SECRET_FILE: '/absent', ...plan[0]?.environment };
    expect(readEnvironment(inherited, world).ok).toBe(true);
  });

  it('goes on with AA after Z', () => {
    expect([0, 25, 26, 51, 52, 63].map(nodeName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'BL']);
  });

  it('tells where a node, its dashboard and its docs are', () => {
    expect(readyLine(plan[1]!)).toBe(
      'B is ready  http://127.0.0.1:8001  dashboard http://127.0.0.1:8001/  docs http://127.0.0.1:8001/docs',
    );
  });
});
