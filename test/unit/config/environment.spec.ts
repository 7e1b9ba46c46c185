import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readEnvironment,
  VARIABLES,
  type EnvironmentOutcome,
  type Variables,
} from '../../../src/config/environment.js';
import { Settings } from '../../../src/config/settings.js';

const SECRET = 'a secret of more than thirty-two characters';

const files: Record<string, string> = { '/run/secret': `  ${SECRET}\n`, '/run/short': 'short' };

function read(variables: Variables, hostName = 'machine'): EnvironmentOutcome {
  return readEnvironment(variables, {
    hostName,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`no such file: ${path}`);
      return text;
    },
  });
}

function settingsOf(variables: Variables): Settings {
  const outcome = read(variables);
  if (!outcome.ok) throw new Error(outcome.problems.join('\n'));
  return outcome.settings;
}

function problemsOf(variables: Variables): readonly string[] {
  const outcome = read(variables);
  return outcome.ok ? [] : outcome.problems;
}

describe('the environment', () => {
  it('may be empty: a node on this machine only, with its data below ./data', () => {
    expect(settingsOf({})).toMatchObject({
      name: 'machine',
      host: '127.0.0.1',
      port: 8000,
      store: 'lmdb',
      dataDir: './data/machine',
      retentionBytes: 268_435_456,
      retentionMessages: 100_000,
      retentionMs: 86_400_000,
      dataBytes: 4_294_967_296,
      meshLimit: 32,
      messageBytes: 262_144,
      bodyBytes: 4_194_304,
      apiAuth: 'open',
      api: { prefix: '' },
    });
  });

  it('becomes settings, one variable each', () => {
    const settings = settingsOf({
      NODE_NAME: 'B',
      PORT: '8001',
      PEERS: 'http://10.0.0.1:8000, dns+http://grapevine:8000',
      SUBSCRIPTIONS: 'chat,news.>',
      CLUSTER_SECRET: SECRET,
      ALLOWED_KEYS_FILE: '/etc/grapevine/allowed-keys',
      PROFILE: 'local',
      LOG_FORMAT: 'pretty',
    });
    expect(settings).toMatchObject({
      name: 'B',
      port: 8001,
      peers: ['http://10.0.0.1:8000', 'dns+http://grapevine:8000'],
      subscriptions: ['chat', 'news.>'],
      clusterSecret: SECRET,
      allowedKeysFile: '/etc/grapevine/allowed-keys',
      profile: 'local',
      logFormat: 'pretty',
      dataDir: './data/B',
    });
  });

  it('counts an empty variable as not set', () => {
    expect(settingsOf({ PORT: '', PEERS: '  ', CLUSTER_SECRET: '' })).toMatchObject({ port: 8000, peers: [] });
    expect(settingsOf({ CLUSTER_SECRET: '' }).clusterSecret).toBeUndefined();
  });

  it('keeps nothing on disk with the memory store, unless a folder is named', () => {
    expect(settingsOf({ STORE: 'memory' }).dataDir).toBeUndefined();
    expect(settingsOf({ STORE: 'memory', DATA_DIR: '/var/data' }).dataDir).toBe('/var/data');
  });

  it.each([
    [{ PORT: 'eighty' }, 'PORT must be a whole number from 0 to 65535, not "eighty"'],
    [{ PORT: '65536' }, 'PORT must be a whole number from 0 to 65535, not 65536'],
    [{ PORT: '-1' }, 'PORT must be a whole number from 0 to 65535, not "-1"'],
    [{ PORT: '1e3' }, 'PORT must be a whole number from 0 to 65535, not "1e3"'],
    [{ NODE_NAME: 'a b' }, 'NODE_NAME must be 1 to 63 of the characters A-Z a-z 0-9 _ . -, not "a b"'],
    [{ NODE_NAME: '..' }, 'NODE_NAME must be 1 to 63 of the characters A-Z a-z 0-9 _ . -, not ".."'],
    [{ STORE: 'redis' }, 'STORE must be one of lmdb, memory, not "redis"'],
    [
      { API_AUTH: 'ftp://id.example/jwks' },
      'API_AUTH must be open, a path, or a URL such as https://id.example/jwks.json, not "ftp://id.example/jwks"',
    ],
    [{ RATE_REQUESTS: 'many' }, 'RATE_REQUESTS must be a whole number from 0 to 1000000, not "many"'],
    [{ TLS_CERT_FILE: '/tls/cert.pem' }, 'TLS_KEY_FILE must be given together with a certificate'],
    [{ TLS_KEY_FILE: '/tls/key.pem' }, 'TLS_CERT_FILE must be given together with a key'],
    [{ PEER_NETWORKS: '10.0.0.0' }, 'PEER_NETWORKS must be a list of networks such as 10.0.0.0/8, not ["10.0.0.0"]'],
    [
      { SUBSCRIPTIONS: 'a..b' },
      'SUBSCRIPTIONS must be a list of topics or patterns such as news.eu, news.* or news.>, not ["a..b"]',
    ],
    [
      { ADVERTISE_URL: 'http://10.0.0.1:8000/path' },
      'ADVERTISE_URL must be a URL such as http://10.0.0.7:8000, not "http://10.0.0.1:8000/path"',
    ],
    [
      { PEERS: 'ftp://10.0.0.1' },
      'PEERS must be a list of URLs such as http://10.0.0.7:8000 or dns+http://grapevine:8000, not ["ftp://10.0.0.1"]',
    ],
    [
      { CORS_ORIGINS: 'https://a.example/x' },
      'CORS_ORIGINS must be a list of origins such as https://app.example, not ["https://a.example/x"]',
    ],
    [{ HOST: '300.1.1.1' }, 'HOST must be an IP address or a host name, not "300.1.1.1"'],
    [{ MESSAGE_BYTES: '200000', BODY_BYTES: '100000' }, 'BODY_BYTES must not be below the largest message'],
  ] as [Variables, string][])('refuses %j in one readable line', (variables, line) => {
    expect(problemsOf(variables)).toEqual([line]);
  });

  it('tells every problem at once', () => {
    expect(
      problemsOf({ PORT: 'x', STORE: 'y', CLUSTER_SECRET_FILE: '/absent' }).map((line) => line.split(' ')[0]),
    ).toEqual(['CLUSTER_SECRET_FILE', 'PORT', 'STORE']);
  });

  it('takes a name from the host that is a valid one', () => {
    expect(read({}, 'my host (1)')).toMatchObject({ ok: true, settings: { name: 'my-host--1-' } });
    expect(read({}, '')).toMatchObject({ ok: true, settings: { name: 'node' } });
  });

  it('has a variable for every setting but the mount point of the embedded API', () => {
    const settings = Object.values(VARIABLES).map((variable) => variable.setting);
    expect(new Set(settings).size).toBe(settings.length);
    const unset = Object.keys(new Settings()).filter((name) => !settings.some((setting) => setting === name));
    expect(unset).toEqual(['api']);
  });
});

describe('the cluster secret', () => {
  it('is read from a file and trimmed', () => {
    expect(settingsOf({ CLUSTER_SECRET_FILE: '/run/secret' }).clusterSecret).toBe(SECRET);
  });

  it.each([
    [{ CLUSTER_SECRET: 'short and secret' }, 'CLUSTER_SECRET must be at least 32 characters long'],
    [
      { CLUSTER_SECRET_FILE: '/run/short' },
      'CLUSTER_SECRET_FILE cannot be used: a secret must be at least 32 characters long',
    ],
    [{ CLUSTER_SECRET_FILE: '/absent' }, 'CLUSTER_SECRET_FILE cannot be read: no such file: /absent'],
    [
      { CLUSTER_SECRET_FILE: '/run/secret', CLUSTER_SECRET: SECRET },
      'CLUSTER_SECRET_FILE must not be given together with CLUSTER_SECRET',
    ],
    [{ CLUSTER_SECRET_PREVIOUS: SECRET }, 'CLUSTER_SECRET_PREVIOUS has no meaning without a current secret'],
  ] as [Variables, string][])('is refused, and never repeated, with %j', (variables, line) => {
    expect(problemsOf(variables)).toEqual([line]);
  });
});

describe('a node that others can reach', () => {
  const reachable = { HOST: '10.0.0.5', CLUSTER_SECRET: SECRET, API_AUTH: 'open' };

  it('starts with a secret and a word about who may use its interfaces', () => {
    expect(settingsOf(reachable)).toMatchObject({ host: '10.0.0.5', apiAuth: 'open' });
  });

  it('limits what one client may ask for, unless it is told not to', () => {
    expect(settingsOf(reachable)).toMatchObject({ rateRequests: 1_000, rateMessages: 10_000 });
    expect(settingsOf({ ...reachable, RATE_REQUESTS: '0', RATE_MESSAGES: '5' })).toMatchObject({
      rateRequests: 0,
      rateMessages: 5,
    });
    expect(settingsOf({})).toMatchObject({ rateRequests: 0, rateMessages: 0, rateHandshakes: 200 });
  });

  it('may ask for tokens, whose audience is the cluster unless it is named', () => {
    const API_AUTH = 'https://id.example/jwks';
    expect(settingsOf({ ...reachable, API_AUTH })).toMatchObject({ apiAuth: API_AUTH, apiAudience: 'grapevine' });
    expect(settingsOf({ ...reachable, API_AUTH, API_AUDIENCE: 'events' })).toMatchObject({ apiAudience: 'events' });
  });

  it('does not start without a cluster secret', () => {
    expect(problemsOf({ ...reachable, CLUSTER_SECRET: undefined })).toEqual([
      'CLUSTER_SECRET must be given, as 10.0.0.5 can be reached from other machines',
    ]);
  });

  it('does not start with an allow-list in place of the secret', () => {
    expect(problemsOf({ ...reachable, CLUSTER_SECRET: undefined, ALLOWED_KEYS_FILE: '/etc/allowed' })).toEqual([
      'CLUSTER_SECRET must be given, as 10.0.0.5 can be reached from other machines',
    ]);
  });

  it('does not start unless it is said who may use its interfaces', () => {
    expect(problemsOf({ ...reachable, API_AUTH: undefined })).toEqual([
      'API_AUTH must be given, as 10.0.0.5 can be reached from other machines (open lets everybody in)',
    ]);
  });

  it('says its address when it listens on all of them', () => {
    expect(problemsOf({ ...reachable, HOST: '0.0.0.0' })).toEqual([
      'ADVERTISE_URL must be given, as peers cannot dial 0.0.0.0',
    ]);
    expect(settingsOf({ ...reachable, HOST: '::', ADVERTISE_URL: 'http://a:8000' }).advertiseUrl).toBe('http://a:8000');
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('is not one bound to %s', (host) => {
    expect(settingsOf({ HOST: host }).host).toBe(host);
  });

  it.each(['0.0.0.0', '::', '192.168.1.1', 'node.example', '::ffff:10.0.0.1'])('is one bound to %s', (host) => {
    expect(problemsOf({ HOST: host })).toContain(
      `CLUSTER_SECRET must be given, as ${host} can be reached from other machines`,
    );
  });
});

describe('any environment', () => {
  it('gives settings or problems of one line each, and never an exception', () => {
    const variables = fc.dictionary(fc.constantFrom(...Object.keys(VARIABLES), 'CLUSTER_SECRET_FILE'), fc.string());
    fc.assert(
      fc.property(variables, (given) => {
        const outcome = read(given);
        if (outcome.ok) expect(outcome.settings).toBeInstanceOf(Settings);
        else for (const line of outcome.problems) expect(line).toMatch(/^[A-Z_]+ [^\n]+$/);
      }),
    );
  });
});
