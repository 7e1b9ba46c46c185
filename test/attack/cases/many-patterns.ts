import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../src/runtime/random.js';
import { PatternTree } from '../../../src/topics/pattern-tree.js';
import { patternProblem, topicProblem } from '../../../src/topics/topic.js';
import { atMost, exactly, percentile } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import type { AttackCase } from '../attack-case.js';
import { SocketCrowd } from '../socket-crowd.js';

const PATTERNS = 100_000;
/** What one socket may have at once. */
const PATTERNS_OF_A_SOCKET = 1_024;
const WORDS = ['a', 'b', 'c', 'orders', 'eu', '__proto__', 'é', '*', '>'];

/** A22: many patterns, and patterns made to be slow, are matched as a naive reader would, and fast. */
export const manyPatterns: AttackCase = {
  id: 'A22',
  title: '100,000 subscriptions, *.*.*…, publishing to a pattern, random pairs against a naive oracle',
  cluster: { environment: { RATE_SUBSCRIPTIONS: '0', RATE_HANDSHAKES: '0' } },
  // A subscription of a client costs about a kilobyte.
  memoryMiB: 256,
  async run(victims) {
    await victims.remember();
    const crowd = await SocketCrowd.open(victims.first, victims.size(98, 10));
    const perSocket = Math.min(PATTERNS_OF_A_SOCKET, Math.ceil(PATTERNS / crowd.sockets.length));
    // A node holds 8,192 different patterns; of those, as many clients as like may have the same.
    const held = await crowd.subscribe((socket, nth) => `s${nth % 50}.*.${socket % 7}.${nth}`, perSocket);
    const onlookers = await victims.onlookersDuring(async () => {
      for (let value = 0; value < 200; value++) {
        await victims.first.post('/publish', { topic: `s${value % 50}.x.1.${value}`, message: value });
      }
    });
    const statuses: number[] = [];
    for (const topic of ['*', 'a.*', '>', 'a.>', '*.*.*.*']) {
      statuses.push((await victims.first.post('/publish', { topic, message: 1 })).status);
    }
    crowd.close();
    const pairs = victims.size(1_000_000, 100_000);
    return {
      'subscriptions held': exactly(held, crowd.sockets.length * perSocket),
      'publish to a pattern': exactly([...new Set(statuses)].join(), '400'),
      [`match among ${PATTERNS.toLocaleString('en')} patterns, p99`]: atMost(matchMs(), victims.time(1), ' ms'),
      'pairs decided as the oracle does': verdictOf(disagreements(pairs), pairs.toLocaleString('en')),
      'RegExp made of input': verdictOf(dynamicExpressions('src'), '0 in src'),
      'others p99': onlookers,
    };
  },
};

/** Made of the paths of the node's own routes. */
const OWN_EXPRESSIONS = ['api/route-table.ts'];

/** Half of the patterns are made of what the topics are made of, so that a search must follow many branches. */
function matchMs(): number {
  const random = new Random(22);
  const tree = new PatternTree<number>();
  for (let pattern = 0; tree.size < PATTERNS; pattern++) {
    const isNasty = pattern % 2 === 0;
    const depth = isNasty ? 9 : 4;
    const tokens = Array.from(
      { length: depth },
      () => (isNasty ? ['a', '*'] : ['*', `t${random.int(2_000)}`])[random.int(2)],
    );
    tree.add(isNasty ? `${tokens.join('.')}.n${random.int(200)}` : tokens.join('.'), pattern);
  }
  const tookMs = Array.from({ length: 1_000 }, (_, at) => {
    const topic = at % 2 === 0 ? `${'a.'.repeat(9)}n${random.int(200)}` : `t1.t${random.int(2_000)}.t3.t4`;
    // What disturbs one measurement does not disturb five.
    return Math.min(...Array.from({ length: 5 }, () => timeMs(() => tree.match(topic))));
  });
  return percentile(tookMs, 0.99);
}

function timeMs(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function disagreements(pairs: number): string[] {
  const random = new Random(7);
  const word = (): string => random.pick(WORDS) ?? '';
  const wrong: string[] = [];
  for (let pair = 0; pair < pairs && wrong.length < 3; pair++) {
    const pattern = Array.from({ length: 1 + random.int(5) }, word).join('.');
    const topic = Array.from({ length: 1 + random.int(5) }, word).join('.');
    if (patternProblem(pattern) !== undefined || topicProblem(topic) !== undefined) continue;
    const tree = new PatternTree<string>();
    tree.add(pattern, pattern);
    if (tree.matches(topic) !== matches(pattern.split('.'), topic.split('.'))) wrong.push(`${pattern} and ${topic}`);
  }
  return wrong;
}

/** The definition, word for word. */
function matches([token, ...rest]: readonly string[], [first, ...others]: readonly string[]): boolean {
  if (token === undefined || first === undefined) return token === first;
  if (token === '>') return true;
  return (token === '*' || token === first) && matches(rest, others);
}

function dynamicExpressions(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return files.filter(
    (path) => !OWN_EXPRESSIONS.includes(path) && /\bRegExp\(/.test(readFileSync(join(folder, path), 'utf8')),
  );
}
