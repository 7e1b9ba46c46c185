import { parseArgs } from 'node:util';

/** What `npm run cluster` was asked for. */
export interface ClusterArguments {
  readonly nodes: number;
  readonly basePort: number;
  readonly isFresh: boolean;
}

/** One node to be started, and the environment that makes it that node. */
export interface NodePlan {
  readonly name: string;
  readonly url: string;
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string>>;
}

const USAGE = 'usage: npm run cluster -- [--nodes N] [--base-port P] [--fresh]';

const NODES_MAX = 64;

/** Reads the command line; what it cannot read becomes an Error that says how to call it. */
export function clusterArguments(args: readonly string[]): ClusterArguments {
  try {
    return parse(args);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function parse(args: readonly string[]): ClusterArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '4' },
      'base-port': { type: 'string', default: '8000' },
      fresh: { type: 'boolean', default: false },
    },
  });
  const nodes = wholeNumber('--nodes', values.nodes, { min: 1, max: NODES_MAX });
  const basePort = wholeNumber('--base-port', values['base-port'], { min: 1, max: 65_536 - nodes });
  return { nodes, basePort, isFresh: values.fresh };
}

/** Nodes A, B, C … on consecutive ports of this machine, each knowing the addresses of all others. */
export function clusterPlan(options: {
  readonly nodes: number;
  readonly basePort: number;
  readonly folder: string;
  readonly secret: string;
}): readonly NodePlan[] {
  const places = Array.from({ length: options.nodes }, (_, index) => ({
    name: nodeName(index),
    port: options.basePort + index,
    url: `http://127.0.0.1:${options.basePort + index}`,
  }));
  return places.map(({ name, port, url }) => ({
    name,
    url,
    dataDir: `${options.folder}/${name}`,
    environment: {
      NODE_NAME: name,
      HOST: '127.0.0.1',
      PORT: String(port),
      ADVERTISE_URL: url,
      PEERS: places
        .filter((place) => place.name !== name)
        .map((place) => place.url)
        .join(','),
      SUBSCRIPTIONS: ['B', 'C'].includes(name) ? 'chat,news' : 'chat',
      CLUSTER_SECRET: options.secret,
      CLUSTER_SECRET_FILE: '',
      DATA_DIR: `${options.folder}/${name}`,
      PROFILE: 'local',
    },
  }));
}

/** A … Z, AA, AB … */
export function nodeName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : nodeName(Math.floor(index / 26) - 1) + last;
}

/** What is printed once a node is ready. */
export function readyLine(node: NodePlan): string {
  return `${node.name} is ready  ${node.url}  dashboard ${node.url}/  docs ${node.url}/docs`;
}

function wholeNumber(option: string, text: string, range: { readonly min: number; readonly max: number }): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= range.min && number <= range.max) return number;
  throw new Error(`${option} must be a whole number from ${range.min} to ${range.max}, not "${text}"`);
}
