import { exactly, type Findings } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import { eventually } from '../../e2e/eventually.js';
import type { AttackCase } from '../attack-case.js';
import type { Victims } from '../victims.js';

/** As JSON spells them; `refused` where a node must not take it. */
const TOPICS: readonly { readonly name: string; readonly json: string; readonly isRefused?: boolean }[] = [
  { name: '__proto__', json: '"__proto__"' },
  { name: 'constructor', json: '"constructor"' },
  { name: 'toString', json: '"toString"' },
  { name: '__proto__.polluted', json: '"__proto__.polluted"' },
  { name: 'an é of one character', json: '"caf\\u00e9"' },
  { name: 'an é of two characters', json: '"cafe\\u0301"' },
  { name: 'the beginning of HTML', json: '"<svg/onload=alert(1)//"' },
  { name: 'a path', json: '"/etc/passwd"' },
  { name: '128 levels', json: JSON.stringify(Array(128).fill('a').join('.')) },
  { name: '255 bytes', json: JSON.stringify('x'.repeat(255)) },
  { name: 'HTML', json: '"<script>alert(1)</script>"', isRefused: true },
  { name: 'nothing', json: '""', isRefused: true },
  { name: 'NUL', json: '"a\\u0000b"', isRefused: true },
  { name: 'a lone surrogate', json: '"\\ud800"', isRefused: true },
  { name: 'half a pair at the end', json: '"a.\\udfff"', isRefused: true },
  { name: '256 bytes', json: JSON.stringify('x'.repeat(256)), isRefused: true },
  { name: '86 characters of three bytes', json: JSON.stringify('日'.repeat(86)), isRefused: true },
  { name: '64 KiB', json: JSON.stringify('x'.repeat(65_536)), isRefused: true },
  { name: '129 levels', json: JSON.stringify(Array(129).fill('a').join('.')), isRefused: true },
  { name: '300 levels', json: JSON.stringify(Array(300).fill('').join('.')), isRefused: true },
  { name: 'no text', json: '{"toString":"chat"}', isRefused: true },
  { name: 'a number', json: '1e308', isRefused: true },
  { name: 'a new line', json: '"a\\nb"', isRefused: true },
];

/** A21: names that mean something to somebody are refused, or are names like any other everywhere. */
export const hostileTopics: AttackCase = {
  id: 'A21',
  title: 'topics such as __proto__, NUL, lone surrogates, NFC/NFD twins, 64 KiB, 300 levels',
  async run(victims) {
    await victims.remember();
    const [wrong, lost]: [string[], string[]] = [[], []];
    for (const topic of TOPICS) {
      const problem =
        topic.isRefused === true ? await notRefused(victims, topic.json) : await notTheSame(victims, topic.json);
      if (problem !== undefined) (topic.isRefused === true ? wrong : lost).push(`${topic.name}: ${problem}`);
    }
    const plain = TOPICS.filter(({ isRefused }) => isRefused !== true);
    const { items } = (await victims.first.get<{ items: { topic: string }[] }>('/topics?limit=1000')).body;
    const shown = new Set(items.map(({ topic }) => topic));
    const findings: Findings = {
      'refused with 400': verdictOf(wrong, `${TOPICS.length - plain.length} names`),
      'come back as they were from every node': verdictOf(lost, `${plain.length} names`),
      'twins are two topics': exactly(['caf\u00e9', 'cafe\u0301'].filter((name) => shown.has(name)).length, 2),
      'no prototype polluted': exactly((await victims.first.get('/status')).status, 200),
    };
    return findings;
  },
};

async function notRefused({ first }: Victims, json: string): Promise<string | undefined> {
  for (const [path, body] of [
    ['/publish', `{"topic":${json},"message":1}`],
    ['/subscribe', `{"topic":${json}}`],
  ] as const) {
    const { status } = await first.send(path, body, 'application/json');
    if (status !== 400) return `${path} answered ${status}`;
  }
  return undefined;
}

/** Subscribed at every node, published at one: what each has of it. */
async function notTheSame({ nodes, first }: Victims, json: string): Promise<string | undefined> {
  const topic = JSON.parse(json) as string;
  for (const node of nodes) {
    const { status } = await node.send('/subscribe', `{"topic":${json}}`, 'application/json');
    if (status >= 300) return `subscribe answered ${status}`;
  }
  const { status, body } = await first.send<{ topic: string }>(
    '/publish?ack=all',
    `{"topic":${json},"message":1}`,
    'application/json',
  );
  if (status >= 300 || body.topic !== topic) return `publish answered ${status} for ${JSON.stringify(body.topic)}`;
  try {
    await eventually(async () => {
      for (const node of nodes) {
        const [item] = await node.messages(topic);
        if (item?.topic !== topic) throw new Error(`${node.name} has ${JSON.stringify(item?.topic)}`);
      }
    }, 10_000);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
