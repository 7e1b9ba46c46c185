import { patternProblem } from '../topics/topic.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../runtime/log-level.js';
import { ApiMount, ListOf, OneOf, Secret, Text, WholeNumber } from './setting-rules.js';
import { SECRET_CHARACTERS_MIN } from './secret-file.js';
import { isHost, isNetwork, isNodeName, isNodeUrl, isOrigin, isPeerUrl } from './addresses.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** Loopback and the private ranges of RFC 1918 and RFC 4193; link-local is left out, as cloud metadata services live there. */
export const PRIVATE_NETWORKS = ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/** Where the log may live. */
export const STORES = ['lmdb', 'memory'] as const;
/** When a write may count. */
export const DURABILITIES = ['async', 'fsync'] as const;
/** Sets of timers. */
export const PROFILES = ['local', 'lan', 'wan'] as const;

/**
 * What a node can be told before it starts, with the defaults. The environment and the options of the embedded API
 * both end here and are validated here; everything else in the program reads settings from this class alone.
 */
export class Settings {
  /** What people call the node; unique among the living of a cluster. Default: the host's name. */
  @Text('1 to 63 of the characters A-Z a-z 0-9 _ . -', isNodeName)
  name: string = 'node';

  /** Address to listen on. Other than loopback needs `clusterSecret` and an explicit `apiAuth`. Default: this machine only. */
  @Text('an IP address or a host name', isHost)
  host: string = '127.0.0.1';

  /** TCP port for clients and peers alike; 0 takes any free one. */
  @WholeNumber({ min: 0, max: 65_535 })
  port: number = 8000;

  /** How peers reach this node. Default: `http://host:port`; must be given when `host` stands for all addresses. */
  @Text('a URL such as http://10.0.0.7:8000', isNodeUrl)
  advertiseUrl?: string;

  /**
   * Addresses dialled first; the rest of the cluster is learned from them. `dns+http://name:port` stands for all
   * addresses of that name, asked again and again. One living node suffices, two or three survive its loss.
   */
  @ListOf('URLs such as http://10.0.0.7:8000 or dns+http://grapevine:8000', isPeerUrl)
  peers: string[] = [];

  /** Topics and patterns this node wants. Applies to a new data folder; afterwards the saved set wins. */
  @ListOf('topics or patterns such as news.eu, news.* or news.>', (text) => patternProblem(text) === undefined)
  subscriptions: string[] = [];

  /** Nodes of different clusters refuse each other. */
  @Text('1 to 63 of the characters A-Z a-z 0-9 _ . -', isNodeName)
  clusterName: string = 'grapevine';

  /** Shared by all nodes of the cluster: who knows it may join and read everything. At least 32 characters. */
  @Secret(`at least ${SECRET_CHARACTERS_MIN} characters long`, isLongEnough)
  clusterSecret?: string;

  /** Still accepted while the secret is being replaced node by node; remove it when all have the new one. */
  @Secret(`at least ${SECRET_CHARACTERS_MIN} characters long`, isLongEnough)
  clusterSecretPrevious?: string;

  /**
   * File with the secret in its first line, and, while it is being replaced, the one before in a second line. Watched: replacing the
   * secret needs no restart.
   */
  @Text('a path', (text) => text.length > 0)
  clusterSecretFile?: string;

  /**
   * File with the keys of nodes that are admitted whether or not they know the secret: a JWK set of public keys, or their
   * thumbprints, which are the nodes' ids, as a JSON array or one a line. Without a secret it alone decides. Watched.
   */
  @Text('a path', (text) => text.length > 0)
  allowedKeysFile?: string;

  /**
   * File that says which nodes may publish to a topic or pattern, and which may read it. All nodes should have the same. Default: every
   * admitted node may publish and read everything. Watched.
   */
  @Text('a path', (text) => text.length > 0)
  topicPolicyFile?: string;

  /**
   * Networks (CIDR) whose addresses may be dialled, whoever announced them. Wider reaches nodes elsewhere, and lets a
   * stolen secret make this node dial there. Default: loopback and private ranges.
   */
  @ListOf('networks such as 10.0.0.0/8', isNetwork)
  peerNetworks: string[] = [...PRIVATE_NETWORKS];

  /**
   * Folder with identity, log and subscriptions, for one process. Default: `./data/<name>`; with `store: 'memory'`
   * none, and then nothing goes to disk and the node is a new one at every start.
   */
  @Text('a path', (text) => text.length > 0)
  dataDir?: string;

  /** Where the log lives. `memory` is lost with the process. */
  @OneOf(STORES)
  store: (typeof STORES)[number] = 'lmdb';

  /**
   * When a write counts: `async` once committed, flushed shortly after (a power loss may take the last moments of this
   * node, not of the others); `fsync` once flushed, which costs a disk flush per commit. Neither can corrupt the store.
   */
  @OneOf(DURABILITIES)
  durability: (typeof DURABILITIES)[number] = 'async';

  /** Bytes of bundles kept per topic; the oldest go first. More is longer history and catch-up. */
  @WholeNumber({ min: MIB, max: 1024 * GIB })
  retentionBytes: number = 256 * MIB;

  /** Messages kept per topic; the oldest go first. */
  @WholeNumber({ min: 1, max: 1_000_000_000 })
  retentionMessages: number = 100_000;

  /** How long messages are kept per topic, in ms since this node received them. Also how long a node may be away and miss nothing. */
  @WholeNumber({ min: 1_000, max: 10 * YEAR_MS })
  retentionMs: number = 24 * HOUR_MS;

  /** Bytes of bundles kept in all; above it the oldest of all topics go first. */
  @WholeNumber({ min: 16 * MIB, max: 64 * 1024 * GIB })
  dataBytes: number = 4 * GIB;

  /** Timers of membership: `local` finds a dead node within 3 s on one machine, `lan` and `wan` give slower networks more time. */
  @OneOf(PROFILES)
  profile: (typeof PROFILES)[number] = 'lan';

  /** Up to so many other nodes all are linked; above it the node warns. */
  @WholeNumber({ min: 2, max: 1_024 })
  meshLimit: number = 32;

  /** Largest message, in bytes of its JSON text or of its bytes. All nodes of a cluster should agree. */
  @WholeNumber({ min: 1, max: 256 * KIB })
  messageBytes: number = 256 * KIB;

  /** Largest request body, in bytes; bounds how much a batch may hold. */
  @WholeNumber({ min: KIB, max: 256 * MIB })
  bodyBytes: number = 4 * MIB;

  /**
   * Who may use the REST and event interfaces: `open` is everybody who reaches the port; a file or URL with a JWK set lets in
   * whoever has a token signed with one of its keys. The file is watched, the URL asked again. Must be said on other than loopback.
   */
  @Text('open, a path, or a URL such as https://id.example/jwks.json', isApiAuth)
  apiAuth?: string;

  /** What a token must name as its audience (`aud`). Default: the name of the cluster. */
  @Text('a text of 1 to 255 characters', isClaimText)
  apiAudience?: string;

  /** What a token must name as its issuer (`iss`). Default: any, as the keys decide. */
  @Text('a text of 1 to 255 characters', isClaimText)
  apiIssuer?: string;

  /** Requests a second of one client (a token's subject, else an address), ten times as many at once; 0 is no limit. Default: 0 on loopback, else 1,000. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  rateRequests?: number;

  /** Messages published a second by one client over REST and events, ten times as many at once; 0 is no limit. Default: 0 on loopback, else 10,000. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  rateMessages?: number;

  /** Connections of sockets a second from one address, ten times as many at once; 0 is no limit. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  rateHandshakes: number = 200;

  /** Subscribes and unsubscribes a second of one client's sockets, ten times as many at once; 0 is no limit. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  rateSubscriptions: number = 1_000;

  /** Connections open at a time to the port, peers' included; further ones are closed at once. */
  @WholeNumber({ min: 16, max: 1_000_000 })
  connections: number = 20_000;

  /** Of these from one address (for IPv6 one /64 network) of another machine. */
  @WholeNumber({ min: 1, max: 1_000_000 })
  connectionsPerAddress: number = 3_000;

  /** PEM file with the certificate (and chain) for https; watched. Only together with `tlsKeyFile`, only for a node that is an application of its own. */
  @Text('a path', (text) => text.length > 0)
  tlsCertFile?: string;

  /** PEM file with the certificate's private key; watched. */
  @Text('a path', (text) => text.length > 0)
  tlsKeyFile?: string;

  /** Origins whose pages may use the interfaces from a browser, `*` for all. Default: none but the node's own. */
  @ListOf('origins such as https://app.example', isOrigin)
  corsOrigins: string[] = [];

  /** The least severe level that is logged. */
  @OneOf(LOG_LEVELS)
  logLevel: LogLevel = 'info';

  /** `json`: an object a line; `pretty`: for people. */
  @OneOf(LOG_FORMATS)
  logFormat: LogFormat = 'json';

  /** Where the REST and event interfaces are mounted, or false for none. Only the embedded API chooses; a node of its own mounts them at the root. */
  @ApiMount()
  api: false | { readonly prefix: string } = { prefix: '' };
}

function isLongEnough(secret: string): boolean {
  return secret.length >= SECRET_CHARACTERS_MIN;
}

function isApiAuth(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.canParse(text) && /^https?:/i.test(text) : text.length > 0;
}

function isClaimText(text: string): boolean {
  return text.length > 0 && text.length <= 255;
}
