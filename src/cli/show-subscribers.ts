import { parseArgs } from 'node:util';
import { subscriberTable, type TopicRow } from './subscriber-table.js';

const TIMEOUT_MS = 5_000;
const DEFAULT_URL = 'http://127.0.0.1:8000';

/** `npm run show-subscribers`: who gets which topic, as one node of the cluster knows it. */
async function showSubscribers(args: readonly string[]): Promise<string> {
  const url = nodeUrl(args);
  try {
    return subscriberTable(await allTopics(url));
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`No answer from the node: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
}

function nodeUrl(args: readonly string[]): string {
  try {
    return parseArgs({ args: [...args], options: { url: { type: 'string', default: DEFAULT_URL } } }).values.url;
  } catch (error) {
    throw new Error(`${(error as Error).message}\nUsage: npm run show-subscribers [-- --url ${DEFAULT_URL}]`, {
      cause: error,
    });
  }
}

async function allTopics(url: string): Promise<readonly TopicRow[]> {
  const rows: TopicRow[] = [];
  let next: string | null | undefined;
  do {
    const page = await topicsPage(url, next ?? undefined);
    rows.push(...page.items);
    next = page.next;
  } while (next !== null && next !== undefined);
  return rows;
}

async function topicsPage(
  url: string,
  after: string | undefined,
): Promise<{ items: TopicRow[]; next?: string | null }> {
  const address = new URL('/topics', url);
  if (after !== undefined) address.searchParams.set('after', after);
  const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${address.href} answered ${answer.status}`);
  return (await answer.json()) as { items: TopicRow[]; next?: string | null };
}

try {
  process.stdout.write(`${await showSubscribers(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
