import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import { TokenIssuer } from '../../conformance/token-issuer.js';
import type { AttackCase } from '../attack-case.js';
import { enter } from '../socket-crowd.js';
import type { Victims } from '../victims.js';

const KEYS_FILE = join(tmpdir(), `grapevine-attack-${process.pid}.jwks.json`);
const issuing = TokenIssuer.create();
const EVERYTHING = { publish: ['>'], subscribe: ['>'] };
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

/** A23: who has no token, a wrong one, or one for other topics. */
export const tokens: AttackCase = {
  id: 'A23',
  title:
    'a foreign origin; no token, expired, of another audience, unsigned; a scope that is missing; expiry on a live socket',
  cluster: async () => {
    const issuer = await issuing;
    await writeFile(KEYS_FILE, TokenIssuer.jwks(issuer));
    const token = await issuer.token({ ...EVERYTHING, exp: inSeconds(3_600) });
    return { environment: { API_AUTH: KEYS_FILE, LOG_LEVEL: 'debug', CLIENT_TOKEN: token } };
  },
  async run(victims) {
    const issuer = await issuing;
    await victims.remember();
    const good = await issuer.token(EVERYTHING);
    const narrow = await issuer.token({ publish: ['own'], subscribe: ['own'] });
    const stranger = await TokenIssuer.create('ES256');
    const wrong: Readonly<Record<string, string>> = {
      'no token': '',
      expired: await issuer.token({ ...EVERYTHING, exp: inSeconds(-60) }),
      'another audience': await issuer.token({ ...EVERYTHING, aud: 'somebody else' }),
      'another key': await stranger.token(EVERYTHING),
      'alg none': unsigned({ alg: 'none' }, good),
      HS256: unsigned({ alg: 'HS256', kid: 'key-ES256' }, good),
      'its own jwk': unsigned({ alg: 'ES256', jwk: stranger.key.toJSON() }, good),
      'kid of a path': unsigned({ alg: 'ES256', kid: '../../../etc/passwd' }, good),
      'cut short': good.slice(0, -10),
    };
    const letIn: string[] = [];
    for (const [name, token] of Object.entries(wrong)) {
      const told = [await publish(victims, token, 'chat'), await admitted(victims, { auth: { token } })];
      if (told.join() !== '401,unauthorized') letIn.push(`${name}: ${told.join()}`);
    }
    const cut = await cutAfterMs(victims, issuer);
    const logs = victims.nodes.map(({ log, complaints }) => log + complaints).join('');
    const seen = [good, narrow, ...Object.values(wrong)].filter(
      (token) => token !== '' && logs.includes(token.slice(-40)),
    );
    return {
      'a good token': exactly(await publish(victims, good, 'chat'), 202),
      'wrong tokens answered 401, REST and sockets': verdictOf(letIn, `${Object.keys(wrong).length} kinds`),
      'scope missing': exactly(await publish(victims, narrow, 'chat'), 403),
      'topics that exist and do not answer alike': exactly(await difference(victims, narrow), 'alike'),
      'origin of another page': exactly(
        await admitted(victims, { auth: { token: good }, extraHeaders: { origin: 'http://evil.example' } }),
        'turned away',
      ),
      'socket cut after its token expired': atMost(cut, victims.time(5_000), ' ms'),
      'tokens in the logs': exactly(seen.length, 0),
    };
  },
};

/** Another header in front of what was signed. */
function unsigned(header: object, token: string): string {
  const [, payload, signature] = token.split('.');
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
}

async function ask({ first }: Victims, token: string, topic: string): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${first.url}/publish`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ topic, message: 1 }),
  });
  return { status: answer.status, body: await answer.json() };
}

async function publish(victims: Victims, token: string, topic: string): Promise<number> {
  return (await ask(victims, token, topic)).status;
}

async function admitted({ first }: Victims, options: Parameters<typeof enter>[1] & object): Promise<string> {
  try {
    (await enter(first, options)).disconnect();
    return 'connected';
  } catch (error) {
    // Before Socket.IO speaks there is no code, only a closed door.
    return (error as Error).message === 'websocket error' ? 'turned away' : (error as Error).message;
  }
}

async function difference(victims: Victims, token: string): Promise<string> {
  const [existing, unknown] = [await ask(victims, token, 'chat'), await ask(victims, token, 'nope')];
  const shape = (answer: typeof existing): string => JSON.stringify(answer).replaceAll(/chat|nope/g, 'topic');
  return shape(existing) === shape(unknown) ? 'alike' : `${shape(existing)} and ${shape(unknown)}`;
}

async function cutAfterMs({ first }: Victims, issuer: TokenIssuer): Promise<number> {
  const exp = inSeconds(3);
  const socket = await enter(first, { auth: { token: await issuer.token({ ...EVERYTHING, exp }) } });
  const cut = new Promise<number>((resolve) => socket.once('disconnect', () => resolve(Date.now())));
  const atMs = await Promise.race([cut, sleep(15_000).then(() => Infinity)]);
  socket.disconnect();
  return atMs - exp * 1_000;
}
