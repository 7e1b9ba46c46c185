import { checkSettings, type SettingName } from './check-settings.js';
import { decodeSecretFile } from './secret-file.js';
import type { Settings } from './settings.js';

/** Environment variables. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What reading the environment needs of the world. */
export interface EnvironmentWorld {
  readonly hostName: string;
  /** The text of a file, or an Error that says why not. */
  readFile(path: string): string;
}

/** Settings, or a readable line per problem. */
export type EnvironmentOutcome =
  { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly problems: readonly string[] };

type Kind = 'text' | 'number' | 'list';

/** Every variable that is read, the setting it becomes, and how its text is read. */
export const VARIABLES: Readonly<Record<string, { readonly setting: SettingName; readonly kind: Kind }>> = {
  NODE_NAME: { setting: 'name', kind: 'text' },
  HOST: { setting: 'host', kind: 'text' },
  PORT: { setting: 'port', kind: 'number' },
  ADVERTISE_URL: { setting: 'advertiseUrl', kind: 'text' },
  PEERS: { setting: 'peers', kind: 'list' },
  SUBSCRIPTIONS: { setting: 'subscriptions', kind: 'list' },
  CLUSTER_NAME: { setting: 'clusterName', kind: 'text' },
  CLUSTER_SECRET: { setting: 'clusterSecret', kind: 'text' },
  CLUSTER_SECRET_PREVIOUS: { setting: 'clusterSecretPrevious', kind: 'text' },
  CLUSTER_SECRET_FILE: { setting: 'clusterSecretFile', kind: 'text' },
  ALLOWED_KEYS_FILE: { setting: 'allowedKeysFile', kind: 'text' },
  TOPIC_POLICY_FILE: { setting: 'topicPolicyFile', kind: 'text' },
  PEER_NETWORKS: { setting: 'peerNetworks', kind: 'list' },
  DATA_DIR: { setting: 'dataDir', kind: 'text' },
  STORE: { setting: 'store', kind: 'text' },
  DURABILITY: { setting: 'durability', kind: 'text' },
  RETENTION_BYTES: { setting: 'retentionBytes', kind: 'number' },
  RETENTION_MESSAGES: { setting: 'retentionMessages', kind: 'number' },
  RETENTION_MS: { setting: 'retentionMs', kind: 'number' },
  DATA_BYTES: { setting: 'dataBytes', kind: 'number' },
  PROFILE: { setting: 'profile', kind: 'text' },
  MESH_LIMIT: { setting: 'meshLimit', kind: 'number' },
  MESSAGE_BYTES: { setting: 'messageBytes', kind: 'number' },
  BODY_BYTES: { setting: 'bodyBytes', kind: 'number' },
  API_AUTH: { setting: 'apiAuth', kind: 'text' },
  API_AUDIENCE: { setting: 'apiAudience', kind: 'text' },
  API_ISSUER: { setting: 'apiIssuer', kind: 'text' },
  RATE_REQUESTS: { setting: 'rateRequests', kind: 'number' },
  RATE_MESSAGES: { setting: 'rateMessages', kind: 'number' },
  RATE_HANDSHAKES: { setting: 'rateHandshakes', kind: 'number' },
  RATE_SUBSCRIPTIONS: { setting: 'rateSubscriptions', kind: 'number' },
  CONNECTIONS: { setting: 'connections', kind: 'number' },
  CONNECTIONS_PER_ADDRESS: { setting: 'connectionsPerAddress', kind: 'number' },
  TLS_CERT_FILE: { setting: 'tlsCertFile', kind: 'text' },
  TLS_KEY_FILE: { setting: 'tlsKeyFile', kind: 'text' },
  CORS_ORIGINS: { setting: 'corsOrigins', kind: 'list' },
  LOG_LEVEL: { setting: 'logLevel', kind: 'text' },
  LOG_FORMAT: { setting: 'logFormat', kind: 'text' },
};

/** Settings from environment variables, or one readable line per problem. An empty variable counts as not set. */
export function readEnvironment(variables: Variables, world: EnvironmentWorld): EnvironmentOutcome {
  const given: { [name in SettingName]?: unknown } = { name: nodeNameFrom(world.hostName) };
  for (const [variable, { setting, kind }] of Object.entries(VARIABLES)) {
    const text = valueOf(variables, variable);
    if (text !== undefined) given[setting] = parse(text, kind);
  }
  const problems: string[] = [];
  const secret = secretFromFile(variables, world);
  if (secret.problem !== undefined) problems.push(secret.problem);
  else if (secret.current !== undefined) {
    given.clusterSecret = secret.current;
    given.clusterSecretPrevious ??= secret.previous;
  }
  const checked = checkSettings(given);
  if (checked.ok && problems.length === 0) return checked;
  if (!checked.ok)
    problems.push(...checked.problems.map(({ setting, problem }) => `${variableOf(setting)} ${problem}`));
  return { ok: false, problems };
}

/** Read once before the start, so that what is wrong is told with everything else; afterwards it is watched. */
function secretFromFile(
  variables: Variables,
  world: EnvironmentWorld,
): { current?: string; previous?: string; problem?: string } {
  const path = valueOf(variables, 'CLUSTER_SECRET_FILE');
  if (path === undefined) return {};
  if (valueOf(variables, 'CLUSTER_SECRET') !== undefined) {
    return { problem: 'CLUSTER_SECRET_FILE must not be given together with CLUSTER_SECRET' };
  }
  try {
    const secrets = decodeSecretFile(world.readFile(path));
    return secrets.ok ? secrets.value : { problem: `CLUSTER_SECRET_FILE cannot be used: ${secrets.reason}` };
  } catch (error) {
    return { problem: `CLUSTER_SECRET_FILE cannot be read: ${(error as Error).message}` };
  }
}

function valueOf(variables: Variables, name: string): string | undefined {
  const text = variables[name]?.trim();
  return text === '' ? undefined : text;
}

/** Text that is no number stays text, so that the rule of the setting can name it. */
function parse(text: string, kind: Kind): unknown {
  if (kind === 'number') return /^\d+$/.test(text) ? Number(text) : text;
  if (kind === 'text') return text;
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function variableOf(setting: SettingName): string {
  return Object.entries(VARIABLES).find(([, variable]) => variable.setting === setting)?.[0] ?? setting;
}

function nodeNameFrom(hostName: string): string | undefined {
  const name = hostName.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 63);
  return name === '' ? undefined : name;
}
