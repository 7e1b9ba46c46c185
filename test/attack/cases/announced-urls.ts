import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atLeast, exactly } from '../../chaos/case.js';
import { verdictOf } from '../../chaos/invariants.js';
import type { AttackCase } from '../attack-case.js';
import { HostilePeer } from '../hostile-peer.js';
import type { Victims } from '../victims.js';

const REBINDING = fileURLToPath(new URL('../rebinding-names.mjs', import.meta.url));
/** 169.254.169.254 as `/proc/net/tcp` writes it. */
const METADATA = 'FEA9FEA9:';

/** A25: peers announce addresses that are none of theirs; nobody is dialled but whom the networks allow. */
export const announcedUrls: AttackCase = {
  id: 'A25',
  title:
    'announced URLs of 169.254.169.254, other networks, ::ffff:…, file:, redirects, rebinding names; names with markup',
  cluster: {
    environment: { PEER_NETWORKS: '127.0.0.1/32', NODE_OPTIONS: `--import=${REBINDING}` },
  },
  async run(victims) {
    await victims.remember();
    const forbidden = await Canary.open('127.0.0.2');
    const allowed = await Canary.open('127.0.0.1', `http://127.0.0.2:${forbidden.port}/mesh/`);
    const port = forbidden.port;
    const urls = [
      `http://127.0.0.2:${port}`,
      `http://[::ffff:127.0.0.2]:${port}`,
      `http://2130706434:${port}`,
      `http://127.2:${port}`,
      `http://0x7f000002:${port}`,
      `http://rebind.test:${port}`,
      'http://169.254.169.254:80',
      `http://127.0.0.1:${allowed.port}`,
    ];
    for (const url of urls) await announce(victims, url);
    const refused = await refusedUrls(victims, [
      'file:///etc/passwd',
      'http://user:secret@127.0.0.1',
      'http://127.0.0.1/admin',
      'javascript:alert(1)',
    ]);
    const dialledMetadata = await metadataDials(victims.size(12_000, 4_000));
    const inert = await pageIsInert(victims);
    const counts = { forbidden: forbidden.connections, allowed: allowed.connections };
    forbidden.close();
    allowed.close();
    return {
      'connections to a canary outside the networks': exactly(counts.forbidden, 0),
      'connections to one inside, which redirects': atLeast(counts.allowed, 1),
      'connections to 169.254.169.254': exactly(dialledMetadata, 0),
      'records with other URLs refused': exactly(refused, 4),
      'names in pages and JSON': inert,
    };
  },
};

/** A listener that counts who comes, and sends them elsewhere. */
class Canary {
  connections = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', () => this.connections++);
  }

  static async open(host: string, location = 'http://127.0.0.2/'): Promise<Canary> {
    const server = createServer((_request, response) => response.writeHead(302, { location }).end());
    server.on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`));
    server.listen(0, host);
    await once(server, 'listening');
    return new Canary(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** An admitted peer says that it is to be found there, and goes; the victims look for it. */
async function announce(victims: Victims, url: string): Promise<void> {
  const peer = await (await HostilePeer.create({ name: 'M', url })).join(victims.first.url);
  await sleep(300);
  await peer.leave();
}

/** How many of the URLs keep their peer from being let in at all. */
async function refusedUrls(victims: Victims, urls: readonly string[]): Promise<number> {
  let refused = 0;
  for (const url of urls) {
    const peer = await HostilePeer.create({ name: 'M', url });
    peer.links.keep(victims.first.url);
    await sleep(700);
    if (!peer.isLinked) refused++;
    await peer.leave();
  }
  return refused;
}

async function metadataDials(forMs: number): Promise<number> {
  const seen = new Set<string>();
  for (const end = performance.now() + forMs; performance.now() < end; await sleep(50)) {
    for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
      if (line.includes(METADATA)) seen.add(line.trim().split(/\s+/)[1] ?? '');
    }
  }
  return seen.size;
}

/** There is no page that shows topics or nodes yet: the documentation is one, and all else is JSON that no browser takes for a page. */
async function pageIsInert({ first }: Victims): Promise<ReturnType<typeof verdictOf>> {
  const markup = '<svg/onload=alert(1)//';
  const { status } = await first.post('/subscribe', { topic: markup });
  const problems: string[] = status === 201 ? [] : [`subscribe answered ${status}`];
  for (const path of [
    '/status',
    '/topics',
    `/topics/${encodeURIComponent(markup)}/subscribers`,
    '/metrics',
    '/docs',
    '/docs-json',
  ]) {
    const answer = await fetch(`${first.url}${path}`);
    const [type, csp] = [answer.headers.get('content-type') ?? '', answer.headers.get('content-security-policy') ?? ''];
    const isPage = type.includes('html');
    if (answer.headers.get('x-content-type-options') !== 'nosniff') problems.push(`${path} may be sniffed`);
    if (isPage && (!/default-src 'self'/.test(csp) || /script-src[^;]*unsafe-inline/.test(csp)))
      problems.push(`${path} has no CSP`);
    if (isPage && (await answer.text()).includes(markup)) problems.push(`${path} has the markup`);
  }
  return verdictOf(problems, '6 answers, the page with a CSP');
}
