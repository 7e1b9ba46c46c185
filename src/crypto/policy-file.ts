import { patternProblem } from '../topics/topic.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { isThumbprint } from './public-key.js';
import { TopicPolicy, type Nodes, type PolicyRule } from './topic-policy.js';

/** Largest topic policy that is read, in bytes. */
export const POLICY_BYTES_MAX = 1024 * 1024;
/** Patterns of a policy. */
export const POLICY_RULES_MAX = 4_096;

const EVERYBODY = '*';
type Members = Readonly<Record<string, unknown>>;

/**
 * A policy from the JSON of its file: `{"groups": {name: [id, …]}, "topics": {pattern: {"publish": […], "read": […]}}}`, where a list names
 * ids, groups, or `*`. Node names are no good here: a node chooses its own. One wrong entry spoils the policy, as whoever wrote it meant something else.
 */
export function decodePolicy(text: string): Decoded<TopicPolicy> {
  const document = parseJson(text);
  if (!isObject(document)) return refused('it is not a JSON object');
  const { groups = {}, topics, ...rest } = document;
  const [stranger] = Object.keys(rest);
  if (stranger !== undefined) return refused(`it has a member "${stranger}", which means nothing`);
  if (!isObject(groups)) return refused('"groups" is not an object');
  if (!isObject(topics)) return refused('it has no member "topics" with a rule per topic or pattern');
  const known = decodeGroups(groups);
  return known.ok ? decodeRules(topics, known.value) : known;
}

function decodeGroups(groups: Members): Decoded<ReadonlyMap<string, readonly string[]>> {
  const known = new Map<string, readonly string[]>();
  for (const [name, ids] of Object.entries(groups)) {
    if (!isGroupName(name)) return refused(`group "${name}": that is no name for a group`);
    if (!isThumbprints(ids)) return refused(`group "${name}" is not a list of thumbprints of keys`);
    known.set(name, ids);
  }
  return decoded(known);
}

function decodeRules(topics: Members, groups: ReadonlyMap<string, readonly string[]>): Decoded<TopicPolicy> {
  const entries = Object.entries(topics);
  if (entries.length > POLICY_RULES_MAX) return refused(`it has more than ${POLICY_RULES_MAX} topics and patterns`);
  const rules: PolicyRule[] = [];
  for (const [pattern, rule] of entries) {
    const problem = patternProblem(pattern);
    if (problem !== undefined) return refused(`topic "${pattern}": ${problem}`);
    if (!isObject(rule)) return refused(`topic "${pattern}": its rule is not an object`);
    const { publish, read, ...rest } = rule;
    const [stranger] = Object.keys(rest);
    if (stranger !== undefined) return refused(`topic "${pattern}" has a member "${stranger}", which means nothing`);
    const publishers = decodeNodes(publish, groups);
    if (!publishers.ok) return refused(`topic "${pattern}": publish ${publishers.reason}`);
    const readers = decodeNodes(read, groups);
    if (!readers.ok) return refused(`topic "${pattern}": read ${readers.reason}`);
    rules.push({ pattern, publish: publishers.value, read: readers.value });
  }
  return decoded(new TopicPolicy(rules));
}

function decodeNodes(list: unknown, groups: ReadonlyMap<string, readonly string[]>): Decoded<Nodes | undefined> {
  if (list === undefined) return decoded(undefined);
  if (!Array.isArray(list)) return refused('is not a list');
  const ids = new Set<string>();
  for (const entry of list as unknown[]) {
    if (entry === EVERYBODY) continue;
    const members = isThumbprint(entry) ? [entry] : groups.get(entry as string);
    if (members === undefined) return refused(`names ${named(entry)}, which is neither a thumbprint nor a group`);
    for (const id of members) ids.add(id);
  }
  return decoded(list.includes(EVERYBODY) ? 'everybody' : ids);
}

/** What could be taken for something else is no name. */
function isGroupName(name: string): boolean {
  return name !== EVERYBODY && !isThumbprint(name);
}

function isThumbprints(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isThumbprint);
}

/** Lists and objects are not repeated: writing one out may take more stack than reading it. */
function named(entry: unknown): string {
  return typeof entry === 'object' && entry !== null ? 'an object or a list' : JSON.stringify(entry);
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
