import { createHash } from 'node:crypto';
import { PatternTree } from '../topics/pattern-tree.js';
import { isPattern } from '../topics/topic.js';
import { bySpecificity, covers, overlaps } from '../topics/pattern-relations.js';

/** What a node may do with a topic. */
export type Right = 'publish' | 'read';

/** Ids of nodes, or everybody. */
export type Nodes = ReadonlySet<string> | 'everybody';

/** What the policy says of the topics of one pattern; about a right that is left out a less specific rule decides. */
export interface PolicyRule {
  readonly pattern: string;
  readonly publish: Nodes | undefined;
  readonly read: Nodes | undefined;
}

/** Topics whose rules are remembered; beyond that all are looked up again. */
const REMEMBERED_MAX = 10_000;
const DIGEST_BYTES = 8;

interface Deciding {
  readonly publish: PolicyRule | undefined;
  readonly read: PolicyRule | undefined;
}

/**
 * Which nodes may publish to a topic, and which may read it. For each of the two the most specific rule that names it decides alone; a topic
 * of which no rule speaks is open to everybody.
 */
export class TopicPolicy {
  /** 8 bytes as base64url over what the rules mean; equal at nodes that agree. */
  readonly digest: string;
  readonly #tree = new PatternTree<PolicyRule>();
  readonly #deciding = new Map<string, Deciding>();

  constructor(readonly rules: readonly PolicyRule[]) {
    for (const rule of rules) this.#tree.add(rule.pattern, rule);
    this.digest = digestOf(rules);
  }

  allows(right: Right, id: string, topic: string): boolean {
    return isAmong(id, this.rule(right, topic)?.[right]);
  }

  /** The rule that decides, or undefined where the topic is open. */
  rule(right: Right, topic: string): PolicyRule | undefined {
    if (this.rules.length === 0) return undefined;
    let deciding = this.#deciding.get(topic);
    if (deciding === undefined) {
      const matching = [...this.#tree.match(topic)].sort(moreSpecificFirst);
      const first = (wanted: Right): PolicyRule | undefined => matching.find((rule) => rule[wanted] !== undefined);
      deciding = { publish: first('publish'), read: first('read') };
      if (this.#deciding.size >= REMEMBERED_MAX) this.#deciding.clear();
      this.#deciding.set(topic, deciding);
    }
    return deciding[right];
  }

  /** False when there is no topic in the pattern for which the node has the right. */
  allowsSome(right: Right, id: string, pattern: string): boolean {
    if (!isPattern(pattern)) return this.allows(right, id, pattern);
    const about = this.rules.filter((rule) => rule[right] !== undefined && overlaps(rule.pattern, pattern));
    const [deciding] = about.filter((rule) => covers(rule.pattern, pattern)).sort(moreSpecificFirst);
    if (deciding === undefined || isAmong(id, deciding[right])) return true;
    return about.some((rule) => moreSpecificFirst(rule, deciding) < 0 && isAmong(id, rule[right]));
  }
}

/** Where there is no policy. */
export const OPEN_POLICY = new TopicPolicy([]);

function moreSpecificFirst(one: PolicyRule, other: PolicyRule): number {
  return bySpecificity(one.pattern, other.pattern);
}

function isAmong(id: string, nodes: Nodes | undefined): boolean {
  return nodes === undefined || nodes === 'everybody' || nodes.has(id);
}

function digestOf(rules: readonly PolicyRule[]): string {
  const hash = createHash('sha256');
  const sorted = [...rules].sort((a, b) => (a.pattern < b.pattern ? -1 : 1));
  for (const { pattern, publish, read } of sorted) hash.update(`${pattern}\0${textOf(publish)}\0${textOf(read)}\n`);
  return hash.digest().subarray(0, DIGEST_BYTES).toString('base64url');
}

function textOf(nodes: Nodes | undefined): string {
  if (nodes === undefined) return '-';
  return nodes === 'everybody' ? '*' : `[${[...nodes].sort().join(' ')}]`;
}
