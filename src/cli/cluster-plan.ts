import { parseArgs } from 'node:util';

/** What `npm run cluster` was asked for. */
export interface ClusterArguments {
  readonly nodes: number;
  readonly basePort: number;
  readonly isFresh: boolean;
  /** The one node of the plan that is to be started, or all of them. */
  readonly only?: string;
}

/** One node to be started, and the environment that makes it that node. */
export interface NodePlan {
  readonly name: string;
  readonly url: string;
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string>>;
}

const USAGE = 'usage: npm run cluster -- [--nodes N] [--base-port P] [--fresh | --only NAME]';

const DEFAULTS = { nodes: 4, basePort: 8000 };

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
      nodes: { type: 'string', default: String(DEFAULTS.nodes) },
      'base-port': { type: 'string', default: String(DEFAULTS.basePort) },
      fresh: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const nodes = wholeNumber('--nodes', values.nodes, { min: 1, max: NODES_MAX });
  const basePort = wholeNumber('--base-port', values['base-port'], { min: 1, max: 65_536 - nodes });
  const { fresh: isFresh, only } = values;
  if (only === undefined) return { nodes, basePort, isFresh };
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index));
  if (!names.includes(only)) throw new Error(`--only must be one of ${names.join(', ')}, not "${only}"`);
  if (isFresh) throw new Error('--fresh empties the folders of all nodes, also of those that run');
  return { nodes, basePort, isFresh, only };
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

/** The command that starts a node of the cluster again when it ended. */
export function againCommand(name: string, { nodes, basePort }: ClusterArguments): string {
  const size = nodes === DEFAULTS.nodes ? '' : ` --nodes ${nodes}`;
  const port = basePort === DEFAULTS.basePort ? '' : ` --base-port ${basePort}`;
  return `npm run cluster --${size}${port} --only ${name}`;
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
