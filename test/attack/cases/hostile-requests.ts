import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import type { AttackCase } from '../attack-case.js';
import { dial, isClosedWithin } from '../raw-client.js';
import type { Victims } from '../victims.js';

const BODY_BYTES = 4 * 1024 * 1024;
const SOCKETS = 1_000;
/** Headers must be there in 10 s, and are looked for every second. */
const HEADERS_WITHIN_MS = 13_000;

/** A20: bodies that are too much, and sockets that never come to the point. */
export const hostileRequests: AttackCase = {
  id: 'A20',
  title: 'a body one byte too long, 100,000 levels of JSON, 1,000 slowloris sockets, a gzip bomb',
  async run(victims) {
    await victims.remember();
    const { first } = victims;
    const shell = '{"topic":"chat","message":""}'.length;
    const answers = {
      'limit + 1 byte': await answerTo(victims, `{"topic":"chat","message":"${'x'.repeat(BODY_BYTES + 1 - shell)}"}`),
      '100,000 levels': await answerTo(
        victims,
        `{"topic":"chat","message":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      ),
      '100,000 unclosed levels': await answerTo(victims, '{"a":'.repeat(100_000)),
      'gzip bomb': await answerTo(victims, gzipSync(Buffer.alloc(256 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
    };
    let closed = 0;
    const before = performance.now();
    const onlookers = await victims.onlookersDuring(async () => {
      const sockets = await Promise.all(
        Array.from({ length: SOCKETS }, () => dial(first, 'POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\n')),
      );
      const drip = setInterval(() => sockets.forEach((socket) => socket.write('X-Slow: 1\r\n')), 1_000);
      const ends = await Promise.all(
        sockets.map((socket) => isClosedWithin(socket, victims.time(HEADERS_WITHIN_MS * 2))),
      );
      clearInterval(drip);
      closed = ends.filter(Boolean).length;
    });
    const seconds = (performance.now() - before) / 1_000;
    await sleep(500);
    return {
      'limit + 1 byte': exactly(answers['limit + 1 byte'], '413 too-large'),
      '100,000 levels': exactly(answers['100,000 levels'].slice(0, 3), '400'),
      '100,000 unclosed levels': exactly(answers['100,000 unclosed levels'].slice(0, 3), '400'),
      'gzip bomb': verdictOf(
        /^(400|413|415) /.test(answers['gzip bomb']) ? [] : [answers['gzip bomb']],
        answers['gzip bomb'],
      ),
      'slowloris sockets closed': exactly(closed, SOCKETS),
      'the last closed after': atMost(seconds, victims.time(HEADERS_WITHIN_MS / 1_000 + 2), ' s'),
      'messages and members': await victims.unchanged(),
      'others p99': onlookers,
    };
  },
};

async function answerTo(
  { first }: Victims,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<string> {
  try {
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
    const answer = await fetch(`${first.url}/publish`, { ...init, signal: AbortSignal.timeout(20_000) });
    const { code } = (await answer.json()) as { code?: string };
    return `${answer.status} ${code}`;
  } catch (error) {
    return String((error as { cause?: unknown }).cause ?? error);
  }
}
