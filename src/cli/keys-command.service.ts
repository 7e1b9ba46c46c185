import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeAllowedKeys } from '../crypto/allowed-keys.js';
import { readIdentity } from '../crypto/identity-keys.js';
import { IDENTITY_FILE } from '../crypto/identity.service.js';
import { decodePolicy } from '../crypto/policy-file.js';
import { thumbprintOf, type PublicJwk } from '../crypto/public-key.js';
import type { Nodes, Right, TopicPolicy } from '../crypto/topic-policy.js';
import { topicProblem } from '../topics/topic.js';
import type { Decoded } from '../wire/decoded.js';
import { readGivenKey, withKey, withoutKey } from './allow-list-edit.js';
import { replaceFile } from './replaced-file.service.js';

const TIMEOUT_MS = 5_000;

export const KEYS_USAGE = `Usage: npm run keys -- show   [--data-dir DIR]                    id of a node, running or not
                      jwk    [--data-dir DIR]                    its public key, for an allow-list
                      list   [--file FILE] [--url NODE]          who is on an allow-list
                      add    [--file FILE] ID|JWK [--remark WHO] puts a key on it
                      remove [--file FILE] ID                    takes a key off it
                      policy [--file FILE] [TOPIC] [--url NODE]  checks a topic policy: who may publish and read
Without --data-dir, --file: DATA_DIR or ./data/NODE_NAME, ALLOWED_KEYS_FILE and TOPIC_POLICY_FILE of the environment.
With --url the names of nodes are asked of a running one.`;

/** Environment variables. */
type Variables = Readonly<Record<string, string | undefined>>;

type Options = ReturnType<typeof readArgs>;

/** `npm run keys`: what it prints; an Error with a readable message when it cannot. */
export async function keysCommand(args: readonly string[], variables: Variables): Promise<string> {
  const options = readArgs(args, variables);
  switch (options.command) {
    case 'show':
      return idOf(await publicKeyIn(options.dataDir));
    case 'jwk':
      return jwkText(await publicKeyIn(options.dataDir));
    case 'list':
      return listed(await readText(options.listFile), await namesFrom(options.url));
    case 'add':
      return changed(options, 'is on the list', (list) => added(list, options));
    case 'remove':
      return changed(options, 'is not on the list', (list) => removed(list, options));
    case 'policy':
      return policyText(await readText(options.policyFile), options.subject, await namesFrom(options.url));
    default:
      throw new Error(KEYS_USAGE);
  }
}

function readArgs(args: readonly string[], variables: Variables) {
  const text = { type: 'string' } as const;
  const options = { 'data-dir': text, file: text, url: text, remark: text };
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${KEYS_USAGE}`, { cause });
  }
  const { values, positionals } = parsed;
  const [command, subject, ...rest] = positionals;
  if (rest.length > 0) throw new Error(`"${rest.join(' ')}" is too much\n${KEYS_USAGE}`);
  return {
    command,
    subject,
    remark: values.remark,
    url: values.url,
    dataDir: values['data-dir'] ?? variables['DATA_DIR'] ?? join('data', variables['NODE_NAME'] ?? 'node'),
    listFile: values.file ?? variables['ALLOWED_KEYS_FILE'],
    policyFile: values.file ?? variables['TOPIC_POLICY_FILE'],
  };
}

async function publicKeyIn(dataDir: string): Promise<PublicJwk> {
  const path = join(dataDir, IDENTITY_FILE);
  const identity = await readIdentity(JSON.parse(await readText(path)));
  if (!identity.ok) throw new Error(`${path} is damaged: ${identity.reason}`);
  return identity.value.signingKey;
}

function idOf(key: PublicJwk): string {
  return thumbprintOf(key);
}

function jwkText(key: PublicJwk): string {
  return JSON.stringify({ ...key, use: 'sig', kid: thumbprintOf(key) });
}

function listed(list: string, names: ReadonlyMap<string, string>): string {
  const ids = [...sound(decodeAllowedKeys(list), 'the allow-list')];
  return ids.length === 0 ? 'nobody' : ids.map((id) => named(id, names)).join('\n');
}

function added(list: string, { subject, remark }: Options): Decoded<string> {
  const key = readGivenKey(subject ?? '');
  return key.ok ? withKey(list, key.value, remark) : key;
}

function removed(list: string, { subject }: Options): Decoded<string> {
  const key = readGivenKey(subject ?? '');
  return key.ok ? withoutKey(list, key.value.id) : key;
}

async function changed(
  { listFile, subject }: Options,
  already: string,
  change: (list: string) => Decoded<string>,
): Promise<string> {
  if (subject === undefined) throw new Error(KEYS_USAGE);
  const before = await readText(listFile);
  const after = sound(change(before), 'not changed');
  if (after === before) return `not changed: the key ${already}`;
  await replaceFile(listFile!, after);
  return `${sound(decodeAllowedKeys(after), 'the allow-list').size} on the list`;
}

function policyText(text: string, topic: string | undefined, names: ReadonlyMap<string, string>): string {
  const policy = sound(decodePolicy(text), 'the topic policy');
  if (topic === undefined) {
    const rules = policy.rules.map(({ pattern, publish, read }) => {
      return `${pattern}: publish ${nodesText(publish, names)}; read ${nodesText(read, names)}`;
    });
    return [`${policy.rules.length} rules, digest ${policy.digest}`, ...rules].join('\n');
  }
  const problem = topicProblem(topic);
  if (problem !== undefined) throw new Error(`${topic}: ${problem}`);
  return [rightText(policy, 'publish', topic, names), rightText(policy, 'read', topic, names)].join('\n');
}

function rightText(policy: TopicPolicy, right: Right, topic: string, names: ReadonlyMap<string, string>): string {
  const rule = policy.rule(right, topic);
  const why = rule === undefined ? 'no rule' : `rule ${rule.pattern}`;
  return `${right} ${topic}: ${rule === undefined ? 'everybody' : nodesText(rule[right], names)} (${why})`;
}

function nodesText(nodes: Nodes | undefined, names: ReadonlyMap<string, string>): string {
  if (nodes === undefined) return 'as a wider rule says';
  if (nodes === 'everybody') return nodes;
  return nodes.size === 0 ? 'nobody' : [...nodes].map((id) => named(id, names)).join(', ');
}

function named(id: string, names: ReadonlyMap<string, string>): string {
  const name = names.get(id);
  return name === undefined ? id : `${id} ${name}`;
}

/** Names as one running node knows them. They are claims: what counts is the id. */
async function namesFrom(url: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (url === undefined) return new Map();
  try {
    const answer = await fetch(new URL('/status', url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const { node, peers } = (await answer.json()) as { node: Named; peers: readonly Named[] };
    return new Map([node, ...peers].map(({ id, name }) => [id, name]));
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`no answer from ${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
}

interface Named {
  readonly id: string;
  readonly name: string;
}

async function readText(path: string | undefined): Promise<string> {
  if (path === undefined) throw new Error(`which file?\n${KEYS_USAGE}`);
  return readFile(path, 'utf8');
}

function sound<T>(value: Decoded<T>, what: string): T {
  if (!value.ok) throw new Error(`${what}: ${value.reason}`);
  return value.value;
}
